"""Folds a text to what people do not retype differently: its letters and digits, without case, width, spaces and punctuation.

`letters` is the plain form. `fold` gives the same character by character, with the place of each letter. Mining folds
whole batches, with a coarser rule for digits: `pipelines.mining.text.normalise`. On texts without combining marks the
three agree (tests/property/test_text_fold.py).
"""

import unicodedata
from functools import lru_cache
from typing import NamedTuple

from schemas.combining_marks import stream_safe

CACHED_CHARACTERS = 65_536


class FoldedText(NamedTuple):
    """The letters and digits of a text."""

    letters: str
    at: list[int]
    """Index in the text of the character that each letter comes from."""


def letters(text: str) -> str:
    """The letters and digits of a text after NFKC and case folding.

    >>> letters("Ｒed, 红!")
    'red红'
    """
    return cased_letters(unicodedata.normalize("NFKC", stream_safe(text)))


def cased_letters(text: str) -> str:
    """The letters and digits of a text after case folding alone: width and compatibility forms stay as they are.

    >>> cased_letters("Red, 红!")
    'red红'
    """
    return "".join(c for c in text.casefold() if c.isalnum())


def fold(text: str) -> FoldedText:
    """`letters`, each character for itself, so that every letter has its place. A mark that NFKC would compose is dropped.

    >>> fold("ﬁn")
    FoldedText(letters='fin', at=[0, 0, 1])
    """
    folded, at = [], []
    for place, character in enumerate(text):
        for letter in _character_letters(character):
            folded.append(letter)
            at.append(place)
    return FoldedText("".join(folded), at)


def letter_grams(folded: str, size: int) -> frozenset[str]:
    """All runs of `size` letters of a folded text; none where it is shorter."""
    return frozenset(folded[k : k + size] for k in range(len(folded) - size + 1))


@lru_cache(maxsize=CACHED_CHARACTERS)
def _character_letters(character: str) -> str:
    return cased_letters(unicodedata.normalize("NFKC", character))
