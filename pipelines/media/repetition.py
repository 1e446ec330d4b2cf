"""Recognises a phrase that stands several times in a row: 哈哈哈, ha ha ha, one line of a song. No engine."""

import numpy as np
from numpy.typing import NDArray

LONGEST_PERIOD = 16
"""Letters of the longest phrase whose repetition is recognised."""
SHORTEST_REPEAT = 6
"""Letters that must repeat those before them: 哈哈哈 is a word, 哈哈哈哈哈哈哈 is not."""


def repeated(codes: NDArray[np.uint32], bounds: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Whether each letter repeats the one a period before it, within a phrase that stands three times or more in a row.

    The first of the repeated phrases is not marked: it may say something, once.

    Args:
        codes: [n] letters of B texts, one text after the other.
        bounds: [B + 1] text b is letters bounds[b] to bounds[b + 1].

    >>> int(repeated(np.frombuffer("oh hahahahaha".encode("utf-32-le"), np.uint32), np.array([0, 13])).sum())
    8

    Cost: LONGEST_PERIOD comparisons of all letters.
    """
    flags = np.zeros(len(codes), bool)
    owner = np.repeat(np.arange(len(bounds) - 1), np.diff(bounds))
    for period in range(1, min(LONGEST_PERIOD, len(codes) - 1) + 1):
        same = (codes[period:] == codes[:-period]) & (owner[period:] == owner[:-period])
        edges = np.flatnonzero(np.diff(same, prepend=False, append=False))
        begins, ends = edges[::2], edges[1::2]
        long = ends - begins >= max(2 * period, SHORTEST_REPEAT)
        for begin, end in zip(begins[long].tolist(), ends[long].tolist(), strict=True):
            flags[begin + period : end + period] = True
    return flags
