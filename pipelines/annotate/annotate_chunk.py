"""A chunk of pictures, read and annotated: the work of the two kinds of actors, without Ray."""

from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import pyarrow as pa

from pipelines.annotate.annotation import UNAVAILABLE, Annotation, annotation_rows
from pipelines.annotate.load_describer import load_describer
from pipelines.annotate.ocr import OcrAnnotator
from pipelines.annotate.protocol import Describer, NotePicture
from pipelines.annotate.settings import Describe, Ocr
from pipelines.media.decode import BadPicture
from pipelines.media.picture_bytes import picture_bytes
from pipelines.media.read_ahead import READERS
from pipelines.workspace.uri_credentials import redacted
from schemas.errors import DataError

LARGE = 4 << 20
"""Bytes of a picture that is not sent between actors with its chunk: the annotating actor reads it itself, one at a time. So a
chunk of 64 pictures has at most 256 MB, instead of 64 times the size limit of a picture."""
MIN_FAILURES = 4
"""Failed pictures, without any success, that end the run; fewer may be each picture's own fault."""

_LARGE = "large"
CHUNK = pa.schema([("image_id", pa.string()), ("note_id", pa.string()), ("sha256", pa.string()), ("uri", pa.string())])
"""A picture to annotate."""


class LargePicture(NamedTuple):
    """A large picture, to be read by the annotating actor."""

    uri: str
    root: str | None


PictureContents = list[bytes | Annotation | LargePicture]
"""A file's bytes, or an annotation with the reason why it cannot be read."""


@dataclass(frozen=True, slots=True)
class LoadPictureFileReader:
    """Creates a `PictureFileReader` in its actor."""

    root: str | None = None
    """The image root, with options for its store."""

    def __call__(self) -> "PictureFileReader":
        """Loads nothing."""
        return PictureFileReader(self.root)


@dataclass(frozen=True, slots=True)
class LoadOcr:
    """Creates an `OcrChunk` in its actor."""

    settings: Ocr

    def __call__(self) -> "OcrChunk":
        """Load the gate and the OCR engine."""
        return OcrChunk(OcrAnnotator(self.settings))


@dataclass(frozen=True, slots=True)
class LoadDescriber:
    """Creates a `DescribeChunk` in its actor."""

    settings: Describe
    api_key: str | None

    def __call__(self) -> "DescribeChunk":
        """Load the model."""
        return DescribeChunk(load_describer(self.settings, self.api_key))


class PictureFileReader:
    """Reads the files of CHUNK rows."""

    def __init__(self, root: str | None = None) -> None:
        """Keep the image root."""
        self._root = root

    def __call__(self, rows: pa.Table) -> PictureContents:
        """The files, one per row. Cost: the chunk's files in memory, except the LARGE ones."""
        with ThreadPoolExecutor(READERS) as readers:
            return list(readers.map(partial(_read, self._root), rows.column("uri").to_pylist()))


class OcrChunk:
    """Picture files -> ANNOTATIONS of kind ocr."""

    def __init__(self, annotator: OcrAnnotator) -> None:
        """Keep the model."""
        self._annotator = annotator
        self.model = annotator.model

    def __call__(self, rows: pa.Table, contents: PictureContents) -> pa.Table:
        """One ANNOTATIONS row per CHUNK row."""
        return annotation_rows(rows.to_pylist(), annotate_each(contents, self._annotator), "ocr", self.model)


class DescribeChunk:
    """Picture files -> ANNOTATIONS of kind description, by a model that reads them."""

    def __init__(self, describer: Describer) -> None:
        """Keep the model."""
        self._describer, self._no_success_yet, self._failures = describer, True, 0
        self.model = describer.model

    def __call__(self, rows: pa.Table, contents: PictureContents) -> pa.Table:
        """One ANNOTATIONS row per CHUNK row.

        Raises:
            DataError: none of the first pictures has a description, or the server is unavailable for a whole chunk.
        """
        annotations = annotate_each(contents, lambda files: self._describer([NotePicture(content=file) for file in files]))
        readable = [one for one, content in zip(annotations, contents, strict=True) if not isinstance(content, Annotation)]
        self._check_failures(readable)
        return annotation_rows(rows.to_pylist(), annotations, "description", self.model)

    def probe(self) -> str | None:
        """Send the probe picture of a server's describer: None or a warning; raises what its `probe` raises."""
        probe = getattr(self._describer, "probe", None)
        return None if probe is None else probe()

    def _check_failures(self, annotations: Sequence[Annotation]) -> None:
        """End the run, before anything is written, if the cause is the describer and not the pictures."""
        if any(one.reason is None for one in annotations):
            self._no_success_yet, self._failures = False, 0
            return
        self._failures += len(annotations)
        unavailable = len(annotations) > 0 and all(one.reason == UNAVAILABLE for one in annotations)
        if (self._no_success_yet or unavailable) and self._failures >= MIN_FAILURES:
            reasons = Counter(str(one.reason) for one in annotations).most_common(3)
            details = {one.reason: one.detail for one in reversed(annotations)}
            listed = "; ".join(f"{reason} ({count:,}), such as: {details[reason]}" for reason, count in reasons)
            which = "first" if self._no_success_yet else "last"
            raise DataError(
                f"{self.model}: none of the {which} {self._failures} pictures has a description: {listed}; fix it and run again"
            )


def annotate_each(contents: PictureContents, annotate: Callable[[list[bytes]], Sequence[Annotation]]) -> list[Annotation]:
    """One annotation per picture: files in memory are annotated together, large ones are read and annotated one by one."""
    files = [one for one in contents if isinstance(one, bytes)]
    annotations = iter(annotate(files) if files else [])
    return [next(annotations) if isinstance(one, bytes) else _annotate_large(one, annotate) for one in contents]


def _annotate_large(picture: Annotation | LargePicture, annotate: Callable[[list[bytes]], Sequence[Annotation]]) -> Annotation:
    if isinstance(picture, Annotation):
        return picture
    try:
        return annotate([picture_bytes(picture.uri, picture.root, anywhere=True)])[0]
    except BadPicture as bad:
        return _unreadable(picture.uri, bad)


def _read(root: str | None, uri: str) -> bytes | Annotation | LargePicture:
    try:
        return picture_bytes(uri, root, anywhere=True, claim=_not_large)
    except BadPicture as bad:
        return LargePicture(uri, root) if bad.reason == _LARGE else _unreadable(uri, bad)


def _not_large(size: int) -> None:
    if size > LARGE:
        raise BadPicture(_LARGE, f"{size} bytes")


def _unreadable(uri: str, bad: BadPicture) -> Annotation:
    return Annotation(reason=bad.reason, detail=f"{redacted(uri)}: {bad.detail}")
