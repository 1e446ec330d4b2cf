"""The two things that an annotator is built from: a describer of pictures, and a reader of the text in them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from pipelines.annotate.annotation import Annotation, TextLine
from pipelines.media.decode import Pixels


@dataclass(frozen=True, slots=True, kw_only=True)
class NotePicture:
    """A picture and the words of the note that it belongs to."""

    content: bytes | None = None
    """The picture file; None for a describer that reads no pictures (`Describer.reads_pictures`)."""
    title: str | None = None
    body: str | None = None
    is_cover: bool = True
    """It is the first picture of its note that can be read."""


class Describer(Protocol):
    """Loaded once per actor, called for every batch; a picture that fails has the reason in its own annotation."""

    model: str
    """Name and fingerprint; with a picture's sha256 the key of the cache."""
    reads_pictures: bool
    """It reads the picture and nothing else. If False, its annotations belong to the note and are not cached."""

    def __call__(self, pictures: Sequence[NotePicture]) -> list[Annotation]:
        """One annotation per picture, in the same order."""


class TextReader(Protocol):
    """Reads the text in one picture; the lines need not be sorted."""

    def __call__(self, rgb: Pixels) -> Sequence[TextLine]:
        """The lines of text in a picture, RGB uint8 [h, w, 3].

        Raises:
            AnnotationError: the picture cannot be read.
        """


class ReaderModel(NamedTuple):
    """Name and weights of an OCR engine."""

    name: str
    """Package and version, such as rapidocr-3.10.0."""
    weights: bytes = b""
    """A digest of its model files; empty where the version says it all."""
