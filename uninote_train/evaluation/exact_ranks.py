"""Exact ranks of the right answers: blocked products, memory bounded, ties against the encoder."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Vectors = npt.NDArray[np.float32]
"""[n, d]; a row that is all NaN has no vector."""
Rows = npt.NDArray[np.int64]

GALLERY = 8192
"""Rows of the gallery that are multiplied at a time."""


def shortened(vectors: Vectors, dimensions: int) -> Vectors:
    """The first dimensions, of unit length again (Matryoshka); a row of zeros stays one."""
    kept = vectors[:, :dimensions].astype(np.float64)
    length = np.linalg.norm(kept, axis=1, keepdims=True)
    return (kept / np.where(length > 0, length, 1)).astype(np.float32)


def ranks(
    queries: Vectors, gallery: Vectors, right: Sequence[Rows], out: Sequence[Rows], held: int = 256 << 20
) -> list[npt.NDArray[np.float64]]:
    """The ranks of each query's right rows, from 1; infinite where the query or the row has no vector.

    A wrong row that scores the same as a right one ranks before it: an encoder that gives one vector for everything finds
    nothing. Scores are summed in float64 and rounded to float32, so that equal vectors score the same in any block.

    Args:
        queries: [q, d].
        gallery: [n, d].
        right: for each query the rows that are right.
        out: for each query the rows that leave its ranking; none of them right.
        held: bytes of scores in memory.

    Cost: 2 q n d operations; `held`, and 8192 d numbers.
    """
    there = ~np.isnan(gallery).any(1)
    block = max(1, held // (4 * max(1, len(gallery))))
    found: list[npt.NDArray[np.float64]] = []
    for start in range(0, len(queries), block):
        scores = _scores(queries[start : start + block], gallery)
        scores[:, ~there] = -np.inf
        for row, mine, away in zip(scores, right[start : start + block], out[start : start + block], strict=True):
            found.append(_of_one(row, mine, away))
    return found


def _scores(queries: Vectors, gallery: Vectors) -> npt.NDArray[np.float32]:
    """[q, n]."""
    asked = queries.astype(np.float64)
    scores = np.empty((len(queries), len(gallery)), np.float32)
    for start in range(0, len(gallery), GALLERY):
        scores[:, start : start + GALLERY] = asked @ gallery[start : start + GALLERY].astype(np.float64).T
    return scores


def _of_one(scores: npt.NDArray[np.float32], right: Rows, out: Rows) -> npt.NDArray[np.float64]:
    """The ranks of the right rows among what is left. `scores` is written to."""
    mine = scores[right]
    scores[right] = scores[out] = -np.inf
    order = np.argsort(-mine, kind="stable")
    rank = np.empty(len(right))
    for before, n in enumerate(order):
        seen = np.isfinite(mine[n])
        rank[n] = 1 + before + np.count_nonzero(scores >= mine[n]) if seen else np.inf
    return rank
