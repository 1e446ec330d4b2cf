"""A chunk of pictures, read and annotated: what the two kinds of actors do, without them."""

from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import pyarrow as pa

from pipelines.annotate.annotation import UNAVAILABLE, Answer, annotation_rows
from pipelines.annotate.load_describer import Describe, Describer, Shown, load_describer
from pipelines.annotate.ocr import Ocr, OcrAnnotator
from pipelines.media.decode import BadPicture
from pipelines.media.picture_bytes import picture_bytes
from pipelines.media.read_ahead import READERS
from pipelines.workspace.uri_credentials import redacted
from schemas.errors import DataError

LARGE = 4 << 20
"""Bytes of a picture that is not sent from actor to actor with its chunk: who annotates it reads it, alone. So a chunk of 64
has at most 256 MB, and not 64 times what a picture may have."""
FEW = 4
"""Pictures without a description that may each be at fault themselves, where there is none yet."""

_LARGE = "large"
CHUNK = pa.schema([("image_id", pa.string()), ("note_id", pa.string()), ("sha256", pa.string()), ("uri", pa.string())])
"""A picture to annotate."""


class Unread(NamedTuple):
    """A large picture, still to be read."""

    uri: str
    root: str | None


Read = list[bytes | Answer | Unread]
"""A file's bytes, or the answer that says why there are none."""


@dataclass(frozen=True, slots=True)
class LoadFiles:
    """Makes a reader in its actor."""

    root: str | None = None
    """The image root, with options for its store."""

    def __call__(self) -> "Files":
        """Nothing is loaded."""
        return Files(self.root)


@dataclass(frozen=True, slots=True)
class LoadOcr:
    """Makes an `OcrChunk` in its actor."""

    settings: Ocr

    def __call__(self) -> "OcrChunk":
        """Load gate and reader."""
        return OcrChunk(OcrAnnotator(self.settings))


@dataclass(frozen=True, slots=True)
class LoadDescriber:
    """Makes a `DescribeChunk` in its actor."""

    settings: Describe
    api_key: str | None

    def __call__(self) -> "DescribeChunk":
        """Load the model."""
        return DescribeChunk(load_describer(self.settings, self.api_key))


class Files:
    """Reads the files of CHUNK rows."""

    def __init__(self, root: str | None = None) -> None:
        """Keep the root."""
        self._root = root

    def __call__(self, rows: pa.Table) -> Read:
        """One answer a row. Cost: the chunk's files in memory, those that are not LARGE."""
        with ThreadPoolExecutor(READERS) as readers:
            return list(readers.map(partial(_content, self._root), rows.column("uri").to_pylist()))


class OcrChunk:
    """Picture files -> ANNOTATIONS of kind ocr."""

    def __init__(self, annotator: OcrAnnotator) -> None:
        """Keep the model."""
        self._annotator = annotator
        self.model = annotator.model

    def __call__(self, rows: pa.Table, read: Read) -> pa.Table:
        """An ANNOTATIONS row for each CHUNK row."""
        return annotation_rows(rows.to_pylist(), answered(read, self._annotator), "ocr", self.model)


class DescribeChunk:
    """Picture files -> ANNOTATIONS of kind description, by a model that looks at them."""

    def __init__(self, describer: Describer) -> None:
        """Keep the model."""
        self._describer, self._doubtful, self._without = describer, True, 0
        self.model = describer.model

    def __call__(self, rows: pa.Table, read: Read) -> pa.Table:
        """An ANNOTATIONS row for each CHUNK row.

        Raises:
            DataError: no picture has a description yet, or the server is away for a whole chunk.
        """
        said = answered(read, lambda contents: self._describer([Shown(content=one) for one in contents]))
        self._look([answer for answer, one in zip(said, read, strict=True) if not isinstance(one, Answer)])
        return annotation_rows(rows.to_pylist(), said, "description", self.model)

    def probe(self) -> str | None:
        """What the describer of a server says of a probe picture: nothing, or a warning; raises what it raises."""
        probe = getattr(self._describer, "probe", None)
        return None if probe is None else probe()

    def _look(self, answers: Sequence[Answer]) -> None:
        """End where the fault is surely no picture's own, before anything is written down."""
        if any(answer.reason is None for answer in answers):
            self._doubtful, self._without = False, 0
            return
        self._without += len(answers)
        away = len(answers) > 0 and all(answer.reason == UNAVAILABLE for answer in answers)
        if (self._doubtful or away) and self._without >= FEW:
            reasons = Counter(str(answer.reason) for answer in answers).most_common(3)
            details = {answer.reason: answer.detail for answer in reversed(answers)}
            listed = "; ".join(f"{reason} ({count:,}), such as: {details[reason]}" for reason, count in reasons)
            since = "first" if self._doubtful else "last"
            raise DataError(
                f"{self.model}: none of the {since} {self._without} pictures has a description: {listed}; mend it and run again"
            )


def answered(read: Read, ask: Callable[[list[bytes]], Sequence[Answer]]) -> list[Answer]:
    """An answer for each picture: those that were read are asked about together, the large ones are read one by one."""
    contents = [one for one in read if isinstance(one, bytes)]
    answers = iter(ask(contents) if contents else [])
    return [next(answers) if isinstance(one, bytes) else _alone(one, ask) for one in read]


def _alone(one: Answer | Unread, ask: Callable[[list[bytes]], Sequence[Answer]]) -> Answer:
    if isinstance(one, Answer):
        return one
    try:
        return ask([picture_bytes(one.uri, one.root, anywhere=True)])[0]
    except BadPicture as bad:
        return _why(one.uri, bad)


def _content(root: str | None, uri: str) -> bytes | Answer | Unread:
    try:
        return picture_bytes(uri, root, anywhere=True, claim=_not_large)
    except BadPicture as bad:
        return Unread(uri, root) if bad.reason == _LARGE else _why(uri, bad)


def _not_large(size: int) -> None:
    if size > LARGE:
        raise BadPicture(_LARGE, f"{size} bytes")


def _why(uri: str, bad: BadPicture) -> Answer:
    return Answer(reason=bad.reason, detail=f"{redacted(uri)}: {bad.detail}")
