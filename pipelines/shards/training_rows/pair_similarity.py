"""How similar a query and its positive are: their inner product, MaxSim where the positive is a note (method.md, 4.2)."""

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]
Floats = NDArray[np.float32]


def maxsim(queries: Vectors, elements: Vectors, counts: NDArray[np.int64]) -> Floats:
    """The largest inner product of each query with its own elements.

    Products of two float32 are exact in float64 and are added in a fixed order, so that a score has the same bits in any
    batch; they are those of the candidates (`hard_negatives.similarity`), which are scored in this way too.

    Args:
        queries: [n, d].
        elements: [m, d], those of a query side by side.
        counts: [n] how many elements each query has.

    Returns:
        [n]; minus infinity where there is no element. Cost: 16 * m * d bytes.
    """
    out = np.full(len(queries), -np.inf, np.float32)
    have = np.flatnonzero(counts)
    if len(have):
        pairs = np.repeat(queries, counts, axis=0).astype(np.float64) * elements
        starts = (np.cumsum(counts) - counts)[have]
        out[have] = np.maximum.reduceat(_added(pairs), starts)
    return out


def _added(rows: NDArray[np.float64]) -> Floats:
    """The sum of each row, as one binary tree: the upper half is added to the lower half until one number is left."""
    while (width := rows.shape[1]) > 1:
        half = (width + 1) // 2
        upper = rows[:, half:]
        rows = rows[:, :half].copy()
        rows[:, : upper.shape[1]] += upper
    return rows[:, 0].astype(np.float32)
