"""Cuts a text into sentences and lines, Chinese and English."""

import re
from collections.abc import Sequence

SENTENCE_END = r"(?<=[。！？!?；;])|(?<=[.]) |\n"
"""Pattern (Python and Java): after the marks that end a sentence, and at line breaks, which are dropped."""
_DROPPING = re.compile(SENTENCE_END)
_KEEPING = re.compile(r"(?<=[。！？!?；;\n])|(?<=\.\s)")
"""The same places, but what follows the mark stays with the sentence before."""


def sentences(text: str) -> list[str]:
    """The sentences and lines of a text that are not blank."""
    return [sentence for sentence in _DROPPING.split(text) if sentence.strip()]


def sentence_spans(text: str, uncut: Sequence[tuple[int, int]] = ()) -> list[tuple[int, int]]:
    """Begin and end of each sentence that is not blank, without the spaces around it.

    Args:
        text: any text.
        uncut: spans, in order, that no cut divides, such as the links (`pipelines.media.boilerplate.tags`).

    >>> sentence_spans("A b. http://x/?y! C", [(5, 16)])
    [(0, 4), (5, 17), (18, 19)]
    """
    spans, begin, place = [], 0, 0
    for cut in _DROPPING.finditer(text):
        while place < len(uncut) and uncut[place][1] <= cut.start():
            place += 1
        if place < len(uncut) and uncut[place][0] < cut.start():
            continue
        spans.append((begin, cut.start()))
        begin = cut.end()
    return [stripped for span in [*spans, (begin, len(text))] if (stripped := _stripped(text, *span))[0] < stripped[1]]


def _stripped(text: str, begin: int, end: int) -> tuple[int, int]:
    sentence = text[begin:end]
    return begin + len(sentence) - len(sentence.lstrip()), begin + len(sentence.rstrip())


def sentence_pieces(text: str) -> list[str]:
    """The sentences of a text with all that follows them: joined they are the text again, in any order they are sentences."""
    return [piece for piece in _KEEPING.split(text) if piece]
