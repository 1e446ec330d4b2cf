"""A chunk of pairs, read and judged: what the two kinds of actors do, without them."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import cv2
import pyarrow as pa

from pipelines.credentials import redacted
from pipelines.decode import BadPicture, Decoding, decode
from pipelines.judge.cache import SAID
from pipelines.judge.controls import blanked
from pipelines.judge.judge import PAIRS, SCORES, Judge, Picture
from pipelines.picture_file import picture_bytes
from pipelines.read_ahead import READERS, Room, share

FILES = pa.list_(pa.struct([("image_id", pa.string()), ("uri", pa.string())]))
CHUNK = pa.schema([*PAIRS, ("pictures", pa.string()), ("files", FILES), ("blank", pa.bool_())])
"""A pair to judge, a hash of its pictures' bytes, where they lie, and whether the judge is shown grey ones in their place."""

Read = dict[str, Picture]
"""By image_id."""


@dataclass(frozen=True, slots=True)
class LoadPictures:
    """Makes a `Pictures` in its actor."""

    side: int
    """Longest side of a picture as it is read, pixels."""
    looks: bool
    """Whether the judge looks at pictures; if it does not, none is read."""
    root: str | None = None
    """The image root, with options for its store."""

    def __call__(self) -> "Pictures":
        """Nothing is loaded."""
        cv2.setNumThreads(1)
        return Pictures(self.side, self.looks, self.root)


@dataclass(frozen=True, slots=True)
class LoadChunkJudge:
    """Makes a `ChunkJudge` in its actor."""

    load: Callable[[], Judge]

    def __call__(self) -> "ChunkJudge":
        """Load the judge."""
        return ChunkJudge(self.load())


class Pictures:
    """Reads and decodes the pictures of CHUNK rows."""

    def __init__(self, side: int, looks: bool, root: str | None = None) -> None:
        """Keep what decoding needs."""
        self._decoding, self._looks, self._root, self._room = Decoding(working_side=side), looks, root, Room()

    def __call__(self, rows: pa.Table) -> Read:
        """Every picture of the chunk once, or why there is none. Cost: the chunk's pixels in memory."""
        if not self._looks:
            return {}
        uris = {file["image_id"]: file["uri"] for files in rows.column("files").to_pylist() for file in files}
        with ThreadPoolExecutor(READERS) as readers:
            return dict(zip(uris, readers.map(self._picture, uris.values()), strict=True))

    def _picture(self, uri: str) -> Picture:
        try:
            with share(self._room) as claim:
                return decode(picture_bytes(uri, self._root, anywhere=True, claim=claim), self._decoding).rgb
        except BadPicture as bad:
            return BadPicture(bad.reason, f"{redacted(uri)}: {bad.detail}"[:300])


class ChunkJudge:
    """Pairs and their pictures -> SAID."""

    def __init__(self, judge: Judge) -> None:
        """Keep the judge."""
        self._judge = judge
        self.model = spelled(judge)

    def __call__(self, rows: pa.Table, read: Read) -> pa.Table:
        """SAID, in the order of the rows; those with blank pictures last.

        Args:
            rows: CHUNK.
            read: of `Pictures`.

        Raises:
            RuntimeError: the judge has answered other pairs than it was asked.
        """
        parts = []
        for blank in (False, True):
            mine = rows.filter(pa.array([one is blank for one in rows.column("blank").to_pylist()]))
            if len(mine):
                scores = self._judge(mine.select(PAIRS.names), blanked(read) if blank else read)
                parts.append(said(mine, scores))
        return pa.concat_tables([SAID.empty_table(), *parts])

    def bill(self) -> tuple[int, int, float]:
        """What the judge of a server has spent: requests, tokens and money; nothing for the others."""
        spent = getattr(self._judge, "bill", None)
        if spent is None:
            return 0, 0, 0.0
        found = spent()
        return found.requests, found.tokens, found.cost


def said(rows: pa.Table, scores: pa.Table) -> pa.Table:
    """SAID of CHUNK rows and their SCORES.

    Raises:
        RuntimeError: they are not of the same pairs.
    """
    for name in ("query_id", "candidate_id"):
        if rows.column(name).to_pylist() != scores.column(name).to_pylist():
            raise RuntimeError(f"the judge answered other pairs than it was asked ({len(rows)} asked, {len(scores)} answered)")
    columns = {name: (rows if name in rows.column_names else scores).column(name) for name in SAID.names}
    return pa.table(columns).cast(SAID)


def refused(rows: pa.Table, reason: str, detail: str) -> pa.Table:
    """SAID: the same reason for all CHUNK rows."""
    nothing = {"score": None, "flagged": None, "reason": reason, "detail": detail}
    ids = rows.select(["query_id", "candidate_id"]).to_pylist()
    return said(rows, pa.Table.from_pylist([row | nothing for row in ids], SCORES))


def spelled(judge: Judge) -> str:
    """Model and question as one string, the way a pool of actors tells a model."""
    return json.dumps([judge.model, judge.prompt_hash])


def unspelled(name: str) -> tuple[str, str]:
    """The model and the prompt_hash of `spelled`."""
    model, prompt_hash = json.loads(name)
    return str(model), str(prompt_hash)
