"""Descriptions without a model: what the note itself says, under a name that says so."""

import re
from collections.abc import Sequence

from pipelines.annotate.annotation import Answer
from pipelines.annotate.load_describer import Describe, Shown
from pipelines.items.failure_reasons import Reason

TITLE, BODY = "note-title", "note-body"
OWN_WORDS = (TITLE, BODY)
"""Models that are none: the text is the note's own and stands in it."""
SENTENCE_END = re.compile(r"(?<=[。！？!?；;])|(?<=[.]) |\n")
"""As passages are cut (within_note/passages.py)."""
LONGEST = 200
"""Characters; a longer sentence is cut here, as passages are."""
NOT_THE_COVER, NO_WORDS = Reason.NOT_THE_COVER, Reason.NO_WORDS


class OwnWords:
    """The title; without one the first sentence of the body. Nothing is loaded, no picture is looked at."""

    looks = False
    model = "note-words"
    """The annotator; each answer says which words it took: `note-title` or `note-body`."""

    def __init__(self, settings: Describe) -> None:
        """Keep the settings."""
        self._covers_only = settings.covers_only

    def __call__(self, shown: Sequence[Shown]) -> list[Answer]:
        """The note's words for each picture that they are taken for."""
        return [self._answer(one) for one in shown]

    def _answer(self, shown: Shown) -> Answer:
        if self._covers_only and not shown.first:
            return Answer(reason=NOT_THE_COVER)
        for model, words in ((TITLE, (shown.title or "").strip()), (BODY, first_sentence(shown.body or ""))):
            if words:
                return Answer(text=words, model=model)
        return Answer(reason=NO_WORDS)


def first_sentence(body: str) -> str:
    r"""The first sentence with words in it, at most `LONGEST` characters.

    >>> first_sentence("\n  \n两只马克杯。今天喝茶。"), first_sentence("A mug. Then tea.")
    ('两只马克杯。', 'A mug.')
    """
    sentences = (part.strip() for part in SENTENCE_END.split(body))
    return next((part[:LONGEST].rstrip() for part in sentences if part), "")
