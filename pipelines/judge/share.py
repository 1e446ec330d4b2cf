"""How much of a text stands in another one: retyped passages count, words that everyone uses do not."""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from pipelines.quotes import fold, gram_size

RUN_OF_GRAMS = {4: 5, 8: 10}
"""Letters of a gram, by `quotes.gram_size` of the text: longer than the guard's, for here one gram in common is a find."""
SHORT = 0.8
"""Of a passage shorter than a run, so much has to stand."""
REMEMBERED = 16_384
"""Texts whose letters and grams are kept."""


def shared_letters(text: str, other: str, wide_run: int, narrow_run: int) -> float:
    """Share of the letters of a text that stand in another one, 0 to 1.

    Letters are shared where a gram of them stands in the other text; gaps up to a gram are closed (a letter that was
    retyped spoils the grams around it); stretches shorter than a run are dropped (chance, set phrases).

    Args:
        text: whose letters are counted; without a letter the share is 0.
        other: where they are looked for.
        wide_run: letters of the shortest stretch that counts, for Chinese and the like.
        narrow_run: for other scripts.

    >>> shared_letters("cut the onion finely, fry it in butter", "today: Cut the onion finely & fry it in butter!", 12, 30)
    1.0
    >>> shared_letters("a red mug on the left", "a red mug on the right of the table", 12, 30)
    0.0

    Cost: linear in both, and in a new text its folding.
    """
    letters = _letters(text)
    size = RUN_OF_GRAMS[gram_size(letters)] if letters else 1
    if len(letters) < size:
        return float(bool(letters) and letters in _letters(other))
    there = _grams(other, size)
    starts = np.fromiter((letters[k : k + size] in there for k in range(len(letters) - size + 1)), bool)
    covered = np.convolve(starts, np.ones(size, np.int64)) > 0
    run = min(wide_run if size == RUN_OF_GRAMS[4] else narrow_run, SHORT * len(letters))
    return float(sum(end - start for start, end in _stretches(covered, size) if end - start >= run)) / len(letters)


def weight(text: str) -> float:
    """How much a text says: its letters and digits, a wide one counting as three."""
    letters = _letters(text)
    wide = 3 if letters and gram_size(letters) == 4 else 1
    return float(len(letters) * wide)


def _stretches(covered: NDArray[np.bool_], gap: int) -> list[tuple[int, int]]:
    """Begin and end of the covered stretches, those nearer than `gap` to each other joined."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], covered, [False]]).astype(np.int8)))
    found: list[tuple[int, int]] = []
    for start, end in edges.reshape(-1, 2).tolist():
        if found and start - found[-1][1] <= gap:
            found[-1] = (found[-1][0], end)
        else:
            found.append((start, end))
    return found


@lru_cache(maxsize=REMEMBERED)
def _letters(text: str) -> str:
    return fold(text).letters


@lru_cache(maxsize=REMEMBERED)
def _grams(text: str, size: int) -> frozenset[str]:
    letters = _letters(text)
    return frozenset(letters[k : k + size] for k in range(len(letters) - size + 1))
