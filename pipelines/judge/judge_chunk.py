"""A chunk of pairs, read and judged: what the two kinds of actors do, without them."""

import json
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import cv2
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.judge.calibration.control_questions import blanked
from pipelines.judge.protocol import OF_THE_JUDGE, PAIRS, SCORES, UNAVAILABLE, Judge, Picture
from pipelines.judge.score_cache import SAID
from pipelines.media.decode import BadPicture, Decoding, decode
from pipelines.media.picture_bytes import picture_bytes
from pipelines.media.read_ahead import READERS, Room, share
from pipelines.workspace.uri_credentials import redacted
from schemas.errors import DataError

FEW = 4
"""Pairs without a score that may each be at fault themselves, where there is no score yet."""

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
    fresh: bool = True
    """As of `ChunkJudge`."""

    def __call__(self) -> "ChunkJudge":
        """Load the judge."""
        return ChunkJudge(self.load(), self.fresh)


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

    def __init__(self, judge: Judge, fresh: bool = True) -> None:
        """Keep the judge.

        Args:
            judge: loaded.
            fresh: its pairs were not asked in vain before, so that the first of them must not all be without a score.
        """
        self._judge, self._doubtful, self._unscored = judge, fresh, 0
        self.model = spelled(judge)

    def __call__(self, rows: pa.Table, read: Read) -> pa.Table:
        """SAID, in the order of the rows; those with blank pictures last.

        Args:
            rows: CHUNK.
            read: of `Pictures`.

        Raises:
            RuntimeError: the judge has answered other pairs than it was asked.
            DataError: none of the first pairs that it was asked has a score, or the server is away for a whole chunk.
        """
        parts = []
        for blank in (False, True):
            mine = rows.filter(pa.array([one is blank for one in rows.column("blank").to_pylist()]))
            if len(mine):
                scores = self._judge(mine.select(PAIRS.names), blanked(read) if blank else read)
                parts.append(said(mine, scores))
        found = pa.concat_tables([SAID.empty_table(), *parts])
        self._look(found)
        return found

    def probe(self) -> str | None:
        """What the judge of a server says of a probe pair: nothing, or a warning; raises what it raises."""
        probe = getattr(self._judge, "probe", None)
        return None if probe is None else probe()

    def _look(self, found: pa.Table) -> None:
        """End where the fault is surely no pair's own, before anything is written down."""
        if found["reason"].null_count:
            self._doubtful, self._unscored = False, 0
            return
        asked = found.filter(pc.is_in(found["reason"], value_set=pa.array(OF_THE_JUDGE)))
        self._unscored += len(asked)
        away = len(asked) and set(asked["reason"].to_pylist()) == {UNAVAILABLE}
        if (self._doubtful or away) and self._unscored >= FEW:
            since = "first" if self._doubtful else "last"
            raise DataError(
                f"judge: none of the {since} {self._unscored} pairs that were asked has a score: {'; '.join(examples(asked))};"
                " mend it and run again (what was answered before is kept)"
            )


def examples(found: pa.Table, most: int = 3) -> list[str]:
    """The commonest reasons of SAID rows with their count and one detail each, the smallest."""
    counts = Counter(reason for reason in found["reason"].to_pylist() if reason)
    details: dict[str, str] = {}
    for reason, detail in zip(found["reason"].to_pylist(), found["detail"].to_pylist(), strict=True):
        if reason and detail:
            details[reason] = min(detail, details.get(reason, detail))
    return [f"{reason} ({count:,}), such as: {details.get(reason, 'no detail')}" for reason, count in counts.most_common(most)]


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
