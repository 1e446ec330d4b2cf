"""Prompts of a vision-language model, for all kinds of item."""

from dataclasses import dataclass

from schemas.item import Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompts:
    """The instruction of the system turn for each kind of item; the item itself, pictures then words, is the user's turn.

    Ours: the paper gives none. One sentence per kind, so that the model knows what the input is, and the same for a query and
    a candidate, so that one vector serves as both.
    """

    image: str = "Represent this picture of a note."
    """Prompt of an image."""
    crop: str = "Represent this picture of a note."
    """Prompt of a crop; the same as of an image."""
    text: str = "Represent this text of a note."
    """Prompt of a text."""
    ocr: str = "Represent these words read in a picture of a note."
    """Prompt of an OCR text."""
    note: str = "Represent this note: its pictures and its text."
    """Prompt of a note, or of a part of it."""

    def of(self, kind: Kind) -> str:
        """The prompt of a kind of item."""
        return str(getattr(self, kind))


def prompt_kind(kind: Kind, pictures: bool, words: bool) -> Kind:
    """The kind whose prompt an item gets: a note of pictures only counts as an image, one of text only as a text.

    The pipeline's encoders do the same.
    """
    if kind != "note" or (pictures and words):
        return kind
    return "image" if pictures else "text"
