"""How a vision-language model is asked for an item: one place for all kinds of item."""

from dataclasses import dataclass

from schemas.item import Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompts:
    """The instruction of the system turn for each kind of item; the item itself, pictures then words, is the user's turn.

    Ours: the paper gives none. One sentence a kind, so that the model is told what it looks at, and the same for a query and
    a candidate, so that a vector serves as both.
    """

    image: str = "Represent this picture of a note."
    """Of an image."""
    crop: str = "Represent this picture of a note."
    """Of a crop: as an image."""
    text: str = "Represent this text of a note."
    """Of a text."""
    ocr: str = "Represent these words read in a picture of a note."
    """Of an OCR text."""
    note: str = "Represent this note: its pictures and its text."
    """Of a note, or of a part of it."""

    def of(self, kind: Kind) -> str:
        """What an item of this kind is asked with."""
        return str(getattr(self, kind))


def asked_as(kind: Kind, pictures: bool, words: bool) -> Kind:
    """A note of pictures alone is asked as an image, one of words alone as a text: as the pipeline's encoders do."""
    if kind != "note" or (pictures and words):
        return kind
    return "image" if pictures else "text"
