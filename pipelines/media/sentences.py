"""Cuts a text into sentences and lines, Chinese and English."""

import re

SENTENCE_END = r"(?<=[。！？!?；;])|(?<=[.]) |\n"
"""Pattern (Python and Java): after the marks that end a sentence, and at line breaks, which are dropped."""
_DROPPING = re.compile(SENTENCE_END)
_KEEPING = re.compile(r"(?<=[。！？!?；;\n])|(?<=\.\s)")
"""The same places, but what follows the mark stays with the sentence before."""


def sentences(text: str) -> list[str]:
    """The sentences and lines of a text that are not blank."""
    return [sentence for sentence in _DROPPING.split(text) if sentence.strip()]


def sentence_pieces(text: str) -> list[str]:
    """The sentences of a text with all that follows them: joined they are the text again, in any order they are sentences."""
    return [piece for piece in _KEEPING.split(text) if piece]
