"""Whether a passage stands in a text, retyped a little or not, and the text without it.

Mining ties notes by passages of some fourteen Chinese characters or six words; a sentence that is
a query may be shorter, and stand in a second note that nothing ties to the first. The
false-negative guard and the rule-made negatives ask here.
"""

import unicodedata
from functools import lru_cache
from typing import NamedTuple

WIDE_GRAM, NARROW_GRAM = 4, 8
"""Characters of a gram: Chinese, Japanese and Korean ones say about as much as two letters."""
REMEMBERED = 65_536
"""Texts whose grams are kept."""


class Folded(NamedTuple):
    """The letters and digits of a text, without case, width, spaces, punctuation and emoji."""

    letters: str
    at: list[int]
    """Where in the text each letter comes from."""


def fold(text: str) -> Folded:
    """Character by character, so that every letter knows its place: NFKC, case fold, letters and numbers kept.

    >>> fold("Ｒed, 红!").letters
    'red红'
    """
    letters, at = [], []
    for place, character in enumerate(text):
        for letter in _letters(character):
            letters.append(letter)
            at.append(place)
    return Folded("".join(letters), at)


def standing(passage: str, text: str) -> float:
    """Share of a passage that stands in a text, 0 to 1: of its grams, those that the text has too.

    A passage shorter than a gram stands in it whole or not at all; an empty one does not.

    >>> standing("Cut the onion finely", "First: cut the onion, finely! Then fry.")
    1.0

    Cost: linear in the passage, and in the text when it is new.
    """
    letters = _folded(passage)
    if not letters:
        return 0.0
    size = gram_size(letters)
    if len(letters) < size:
        return float(letters in _folded(text))
    mine = grams(passage, size)
    return len(mine & grams(text, size)) / len(mine)


def without(passage: str, text: str) -> str:
    """The text with every verbatim standing of the passage taken out, whatever its case, spaces and punctuation.

    >>> without("the onion", "Cut The  Onion, fry the onion.")
    'Cut , fry .'
    """
    wanted, found = fold(passage).letters, fold(text)
    if not wanted:
        return text
    kept, done = [], 0
    place = found.letters.find(wanted)
    while place >= 0:
        kept.append(text[done : found.at[place]])
        done = found.at[place + len(wanted) - 1] + 1
        place = found.letters.find(wanted, place + len(wanted))
    return "".join([*kept, text[done:]])


def gram_size(letters: str) -> int:
    """Characters of a gram for a text of these letters: that of the script that most of them are of."""
    wide = sum(unicodedata.east_asian_width(letter) in "WF" for letter in letters)
    return WIDE_GRAM if 2 * wide > len(letters) else NARROW_GRAM


@lru_cache(maxsize=REMEMBERED)
def _folded(text: str) -> str:
    return fold(text).letters


@lru_cache(maxsize=REMEMBERED)
def grams(text: str, size: int) -> frozenset[str]:
    """All runs of so many letters of the folded text; none where it is shorter."""
    letters = _folded(text)
    return frozenset(letters[k : k + size] for k in range(len(letters) - size + 1))


@lru_cache(maxsize=REMEMBERED)
def _letters(character: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFKC", character).casefold() if c.isalnum())
