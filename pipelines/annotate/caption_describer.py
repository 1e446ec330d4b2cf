"""Descriptions without a model: the note's own title or first sentence, marked as such in the model column."""

import re
from collections.abc import Sequence

from pipelines.annotate.annotation import Annotation
from pipelines.annotate.protocol import NotePicture
from pipelines.annotate.settings import Describe
from pipelines.items.failure_reasons import Reason

TITLE, BODY = "note-title", "note-body"
NOTE_TEXT_MODELS = (TITLE, BODY)
"""Values of the model column for texts that were copied from the note."""
SENTENCE_END = re.compile(r"(?<=[。！？!?；;])|(?<=[.]) |\n")
"""As in within_note/passages.py."""
MAX_CHARACTERS = 200
"""A longer sentence is cut, as passages are."""
NOT_THE_COVER, NO_WORDS = Reason.NOT_THE_COVER, Reason.NO_WORDS


class CaptionDescriber:
    """Takes the title; without one the first sentence of the body. Loads nothing and reads no picture."""

    reads_pictures = False
    model = "note-words"
    """The annotator's name; each annotation names its source: `note-title` or `note-body`."""

    def __init__(self, settings: Describe) -> None:
        """Keep the settings."""
        self._covers_only = settings.covers_only

    def __call__(self, pictures: Sequence[NotePicture]) -> list[Annotation]:
        """The note's text, or the reason why the picture gets none."""
        return [self._annotation(picture) for picture in pictures]

    def _annotation(self, picture: NotePicture) -> Annotation:
        if self._covers_only and not picture.is_cover:
            return Annotation(reason=NOT_THE_COVER)
        for model, words in ((TITLE, (picture.title or "").strip()), (BODY, first_sentence(picture.body or ""))):
            if words:
                return Annotation(text=words, model=model)
        return Annotation(reason=NO_WORDS)


def first_sentence(body: str) -> str:
    r"""The first sentence with words in it, at most `MAX_CHARACTERS` characters.

    >>> first_sentence("\n  \n两只马克杯。今天喝茶。"), first_sentence("A mug. Then tea.")
    ('两只马克杯。', 'A mug.')
    """
    sentences = (part.strip() for part in SENTENCE_END.split(body))
    return next((part[:MAX_CHARACTERS].rstrip() for part in sentences if part), "")
