"""A chunk of pairs, read and judged: the work of the two kinds of actors, without Ray."""

import json
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import cv2
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.judge.calibration.control_questions import blank_pictures
from pipelines.judge.protocol import JUDGE_FAILURES, PAIRS, SCORES, UNAVAILABLE, Judge, Picture
from pipelines.judge.score_cache import ANSWERS
from pipelines.media.decode import BadPicture, Decoding, decode
from pipelines.media.picture_bytes import picture_bytes
from pipelines.media.read_ahead import READERS, Room, share
from pipelines.workspace.uri_credentials import redacted
from schemas.errors import DataError

MIN_FAILURES = 4
"""Failed pairs, without any score, that end the run; fewer may be each pair's own fault."""

FILES = pa.list_(pa.struct([("image_id", pa.string()), ("uri", pa.string())]))
CHUNK = pa.schema([*PAIRS, ("pictures", pa.string()), ("files", FILES), ("blank", pa.bool_())])
"""A pair to judge, a hash of its pictures' bytes, their files, and whether the judge gets grey pictures instead."""

ChunkPictures = dict[str, Picture]
"""By image_id."""


@dataclass(frozen=True, slots=True)
class LoadPictureReader:
    """Creates a `PictureReader` in its actor."""

    side: int
    """Longest side of a decoded picture, pixels."""
    enabled: bool
    """Whether the judge reads pictures; if not, none is read."""
    root: str | None = None
    """The image root, with options for its store."""

    def __call__(self) -> "PictureReader":
        """Loads nothing."""
        cv2.setNumThreads(1)
        return PictureReader(self.side, self.enabled, self.root)


@dataclass(frozen=True, slots=True)
class LoadChunkJudge:
    """Creates a `ChunkJudge` in its actor."""

    load: Callable[[], Judge]
    fresh: bool = True
    """As of `ChunkJudge`."""

    def __call__(self) -> "ChunkJudge":
        """Load the judge."""
        return ChunkJudge(self.load(), self.fresh)


class PictureReader:
    """Reads and decodes the pictures of CHUNK rows."""

    def __init__(self, side: int, enabled: bool, root: str | None = None) -> None:
        """Keep the options of decoding."""
        self._decoding, self._enabled, self._root, self._room = Decoding(working_side=side), enabled, root, Room()

    def __call__(self, rows: pa.Table) -> ChunkPictures:
        """Every picture of the chunk once, or why it cannot be read. Cost: the chunk's pixels in memory."""
        if not self._enabled:
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
    """Pairs and their pictures -> ANSWERS."""

    def __init__(self, judge: Judge, fresh: bool = True) -> None:
        """Keep the judge.

        Args:
            judge: loaded.
            fresh: its pairs did not all fail in an earlier run, so the first of them should not all fail now.
        """
        self._judge, self._no_success_yet, self._failures = judge, fresh, 0
        self.model = to_model_key(judge)

    def __call__(self, rows: pa.Table, pictures: ChunkPictures) -> pa.Table:
        """ANSWERS, in the order of the rows; those with blank pictures last.

        Args:
            rows: CHUNK.
            pictures: from `PictureReader`.

        Raises:
            RuntimeError: the judge returned other pairs than it got.
            DataError: none of the first pairs has a score, or the server is unavailable for a whole chunk.
        """
        parts = []
        for blank in (False, True):
            part = rows.filter(pa.array([one is blank for one in rows.column("blank").to_pylist()]))
            if len(part):
                scores = self._judge(part.select(PAIRS.names), blank_pictures(pictures) if blank else pictures)
                parts.append(with_key(part, scores))
        answers = pa.concat_tables([ANSWERS.empty_table(), *parts])
        self._check_failures(answers)
        return answers

    def probe(self) -> str | None:
        """Send the probe pair of a server's judge: None or a warning; raises what its `probe` raises."""
        probe = getattr(self._judge, "probe", None)
        return None if probe is None else probe()

    def _check_failures(self, answers: pa.Table) -> None:
        """End the run, before anything is written, if the cause is the judge and not the pairs."""
        if answers["reason"].null_count:
            self._no_success_yet, self._failures = False, 0
            return
        failed = answers.filter(pc.is_in(answers["reason"], value_set=pa.array(JUDGE_FAILURES)))
        self._failures += len(failed)
        unavailable = len(failed) and set(failed["reason"].to_pylist()) == {UNAVAILABLE}
        if (self._no_success_yet or unavailable) and self._failures >= MIN_FAILURES:
            which = "first" if self._no_success_yet else "last"
            raise DataError(
                f"judge: none of the {which} {self._failures} pairs has a score: {'; '.join(examples(failed))};"
                " fix it and run again (earlier answers are kept)"
            )


def examples(answers: pa.Table, most: int = 3) -> list[str]:
    """The most common reasons of ANSWERS with their count and one detail each, the smallest."""
    counts = Counter(reason for reason in answers["reason"].to_pylist() if reason)
    details: dict[str, str] = {}
    for reason, detail in zip(answers["reason"].to_pylist(), answers["detail"].to_pylist(), strict=True):
        if reason and detail:
            details[reason] = min(detail, details.get(reason, detail))
    return [f"{reason} ({count:,}), such as: {details.get(reason, 'no detail')}" for reason, count in counts.most_common(most)]


def with_key(rows: pa.Table, scores: pa.Table) -> pa.Table:
    """ANSWERS from CHUNK rows and their SCORES.

    Raises:
        RuntimeError: they are not of the same pairs.
    """
    for name in ("query_id", "candidate_id"):
        if rows.column(name).to_pylist() != scores.column(name).to_pylist():
            raise RuntimeError(f"the judge returned other pairs than it got (got {len(rows)}, returned {len(scores)})")
    columns = {name: (rows if name in rows.column_names else scores).column(name) for name in ANSWERS.names}
    return pa.table(columns).cast(ANSWERS)


def without_score(rows: pa.Table, reason: str, detail: str) -> pa.Table:
    """ANSWERS with the same reason for all CHUNK rows."""
    no_score = {"score": None, "flagged": None, "reason": reason, "detail": detail}
    ids = rows.select(["query_id", "candidate_id"]).to_pylist()
    return with_key(rows, pa.Table.from_pylist([row | no_score for row in ids], SCORES))


def to_model_key(judge: Judge) -> str:
    """Model and question as one string, by which a pool of actors identifies a model."""
    return json.dumps([judge.model, judge.prompt_hash])


def from_model_key(key: str) -> tuple[str, str]:
    """The model and the prompt_hash of a `to_model_key`."""
    model, prompt_hash = json.loads(key)
    return str(model), str(prompt_hash)
