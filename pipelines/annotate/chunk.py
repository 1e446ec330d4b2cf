"""A chunk of pictures, read and annotated: what the two kinds of actors do, without them."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pyarrow as pa

from pipelines.annotate.answer import Answer, annotation_rows
from pipelines.annotate.describe import Describe, Describer, Shown, load_describer
from pipelines.annotate.ocr import Ocr, OcrAnnotator
from pipelines.decode import BadPicture
from pipelines.picture_file import picture_bytes

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
        self._describer = describer
        self.model = describer.model

    def __call__(self, rows: pa.Table, read: Read) -> pa.Table:
        """An ANNOTATIONS row for each CHUNK row."""
        shown: Sequence[Shown] = [Shown(content=one) for one in read if isinstance(one, bytes)]
        answers = iter(self._describer(shown) if shown else [])
        said = [next(answers) if isinstance(one, bytes) else one for one in read]
        return annotation_rows(rows.to_pylist(), said, "description", self.model)


def _content(uri: str) -> bytes | Answer:
    try:
        return picture_bytes(uri)
    except BadPicture as bad:
        return Answer(reason=bad.reason, detail=f"{uri}: {bad.detail}")
