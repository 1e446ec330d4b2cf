"""A chunk of pictures, read and annotated: what the two kinds of actors do, without them."""

from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pyarrow as pa

from pipelines.annotate.answer import UNAVAILABLE, Answer, annotation_rows
from pipelines.annotate.describe import Describe, Describer, Shown, load_describer
from pipelines.annotate.ocr import Ocr, OcrAnnotator
from pipelines.decode import BadPicture
from pipelines.picture_file import picture_bytes
from schemas.errors import DataError

FEW = 4
"""Pictures without a description that may each be at fault themselves, where there is none yet."""
READERS = 8
"""Files that an actor reads ahead at a time: an object store answers late."""

CHUNK = pa.schema([("image_id", pa.string()), ("note_id", pa.string()), ("sha256", pa.string()), ("uri", pa.string())])
"""A picture to annotate."""

Read = list[bytes | Answer]
"""A file's bytes, or the answer that says why there are none."""


@dataclass(frozen=True, slots=True)
class LoadFiles:
    """Makes a reader in its actor."""

    def __call__(self) -> "Files":
        """Nothing is loaded."""
        return Files()


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

    def __call__(self, rows: pa.Table) -> Read:
        """One answer a row. Cost: the chunk's files in memory."""
        with ThreadPoolExecutor(READERS) as readers:
            return list(readers.map(_content, rows.column("uri").to_pylist()))


class OcrChunk:
    """Picture files -> ANNOTATIONS of kind ocr."""

    def __init__(self, annotator: OcrAnnotator) -> None:
        """Keep the model."""
        self._annotator = annotator
        self.model = annotator.model

    def __call__(self, rows: pa.Table, read: Read) -> pa.Table:
        """An ANNOTATIONS row for each CHUNK row."""
        answers = iter(self._annotator([one for one in read if isinstance(one, bytes)]))
        said = [next(answers) if isinstance(one, bytes) else one for one in read]
        return annotation_rows(rows.to_pylist(), said, "ocr", self.model)


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
        shown: Sequence[Shown] = [Shown(content=one) for one in read if isinstance(one, bytes)]
        answers = iter(self._describer(shown) if shown else [])
        said = [next(answers) if isinstance(one, bytes) else one for one in read]
        self._look([answer for answer, one in zip(said, read, strict=True) if isinstance(one, bytes)])
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


def _content(uri: str) -> bytes | Answer:
    try:
        return picture_bytes(uri)
    except BadPicture as bad:
        return Answer(reason=bad.reason, detail=f"{uri}: {bad.detail}")
