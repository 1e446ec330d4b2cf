"""Reproducible inner products: their bits depend on the two vectors alone, not on a block, thread, library or device.

A float32 matrix product adds in an order that its library chooses by the shape of the block, so
the last bits of a score move when a corpus is split, and with them the order of near ties. Here
each product of two float32 is taken in float64, where it is exact, and the products are added in
one binary tree: the upper half is added to the lower half until one number is left.
"""

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]
Scores = NDArray[np.float32]
Rows = NDArray[np.int64]

NO_ROW = -1
"""The row of an unfilled place among the hits; its score is minus infinity."""
CHUNK_BYTES = 1 << 20
"""Products in memory at a time; about the size of a core's cache."""


def dot_products(left: Vectors, right: Vectors) -> Scores:
    """Inner products of row i of the one with row i of the other.

    Args:
        left: [n, d].
        right: [n, d].

    Returns:
        [n], added in float64, rounded once.

    >>> dot_products(np.ones((1, 3), np.float32), np.full((1, 3), 2, np.float32))
    array([6.], dtype=float32)
    """
    out = np.empty(len(left), np.float32)
    step = _rows_at_a_time(left.shape[1])
    for begin in range(0, len(left), step):
        part = slice(begin, begin + step)
        out[part] = _tree_sum(left[part].astype(np.float64) * right[part])
    return out


def exact_scores(queries: Vectors, corpus: Vectors, rows: Rows) -> Scores:
    """Inner products of each query with the rows of the corpus proposed for it.

    Args:
        queries: [n, d].
        corpus: [m, d].
        rows: [n, k], NO_ROW: an unfilled place.

    Returns:
        [n, k], minus infinity at NO_ROW. Cost: 24 * n * k * d bytes of traffic, in pieces of CHUNK_BYTES.
    """
    n, k = rows.shape
    out = np.full((n, k), -np.inf, np.float32)
    if not len(corpus) or not k:
        return out
    step = max(1, _rows_at_a_time(corpus.shape[1]) // k)
    for begin in range(0, n, step):
        part = slice(begin, begin + step)
        terms = corpus[rows[part]].astype(np.float64)
        terms *= queries[part, None].astype(np.float64)
        out[part] = _tree_sum(terms)
    out[rows == NO_ROW] = -np.inf
    return out


def _tree_sum(terms: NDArray[np.float64]) -> NDArray[np.float64]:
    """The sum over the last axis, by halves, in place."""
    width = terms.shape[-1]
    if width == 0:
        return np.zeros(terms.shape[:-1])
    while width > 1:
        half = (width + 1) // 2
        terms[..., : width - half] += terms[..., half:width]
        width = half
    return terms[..., 0]


def _rows_at_a_time(dimensions: int) -> int:
    return max(1, CHUNK_BYTES // (8 * max(1, dimensions)))
