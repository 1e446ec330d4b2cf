"""Similarity of a query and its positive: the inner product, or MaxSim if the positive is a note (method.md, 4.2)."""

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]
Floats = NDArray[np.float32]


def maxsim(queries: Vectors, elements: Vectors, counts: NDArray[np.int64]) -> Floats:
    """The largest inner product of each query with its own elements.

    Products of two float32 are exact in float64 and are added in a fixed order, so that a score has the same bits in any
    batch; the candidates (`hard_negatives.similarity`) are scored in the same way.

    Args:
        queries: [n, d].
        elements: [m, d], grouped by query.
        counts: [n], elements per query.

    Returns:
        [n]; minus infinity without an element. Cost: 16 * m * d bytes.
    """
    out = np.full(len(queries), -np.inf, np.float32)
    nonempty = np.flatnonzero(counts)
    if len(nonempty):
        pairs = np.repeat(queries, counts, axis=0).astype(np.float64) * elements
        starts = (np.cumsum(counts) - counts)[nonempty]
        out[nonempty] = np.maximum.reduceat(_row_sums(pairs), starts)
    return out


def _row_sums(rows: NDArray[np.float64]) -> Floats:
    """The sum of each row, as one binary tree: the upper half is added to the lower half until one number is left."""
    while (width := rows.shape[1]) > 1:
        half = (width + 1) // 2
        upper = rows[:, half:]
        rows = rows[:, :half].copy()
        rows[:, : upper.shape[1]] += upper
    return rows[:, 0].astype(np.float32)
