"""Matches a passage in a text, retyped a little or not, and cuts it out.

Mining relates notes by passages of some fourteen Chinese characters or six words. A sentence that is a query
may be shorter, and be in a second note that mining has not related to the first: the false-negative filter and
the counterfactual negatives compare passages here.
"""

import unicodedata
from functools import lru_cache

from pipelines.media.text_fold import fold, letter_grams

WIDE_GRAM, NARROW_GRAM = 4, 8
"""Characters of a gram: Chinese, Japanese and Korean ones say about as much as two letters."""
CACHED_TEXTS = 65_536
"""Texts whose grams are kept."""


def containment(passage: str, text: str) -> float:
    """Share of a passage that a text contains, 0 to 1: of its grams, those that the text has too.

    A passage shorter than a gram is contained whole or not at all; an empty one is not.

    >>> containment("Cut the onion finely", "First: cut the onion, finely! Then fry.")
    1.0

    Cost: linear in the passage, and in the text when it is new.
    """
    letters = _folded(passage)
    if not letters:
        return 0.0
    size = gram_size(letters)
    if len(letters) < size:
        return float(letters in _folded(text))
    own = grams(passage, size)
    return len(own & grams(text, size)) / len(own)


def without(passage: str, text: str) -> str:
    """The text with every verbatim occurrence of the passage cut out, whatever its case, spaces and punctuation.

    >>> without("the onion", "Cut The  Onion, fry the onion.")
    'Cut , fry .'
    """
    pattern, folded = fold(passage).letters, fold(text)
    if not pattern:
        return text
    kept, end = [], 0
    place = folded.letters.find(pattern)
    while place >= 0:
        kept.append(text[end : folded.at[place]])
        end = folded.at[place + len(pattern) - 1] + 1
        place = folded.letters.find(pattern, place + len(pattern))
    return "".join([*kept, text[end:]])


def gram_size(letters: str) -> int:
    """Characters of a gram for these letters: WIDE_GRAM if most of them are wide, else NARROW_GRAM."""
    wide = sum(unicodedata.east_asian_width(letter) in "WF" for letter in letters)
    return WIDE_GRAM if 2 * wide > len(letters) else NARROW_GRAM


@lru_cache(maxsize=CACHED_TEXTS)
def _folded(text: str) -> str:
    return fold(text).letters


@lru_cache(maxsize=CACHED_TEXTS)
def grams(text: str, size: int) -> frozenset[str]:
    """All runs of so many letters of the folded text; none where it is shorter."""
    return letter_grams(_folded(text), size)
