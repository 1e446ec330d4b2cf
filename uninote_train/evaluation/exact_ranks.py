"""Exact ranks of the positives: blocked products, bounded memory, ties counted against the encoder."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Vectors = npt.NDArray[np.float32]
"""[n, d]; a row of NaN stands for a missing vector."""
Rows = npt.NDArray[np.int64]

GALLERY = 8192
"""Rows of the gallery per product."""


def truncate_dimensions(vectors: Vectors, dimensions: int) -> Vectors:
    """Keep the first dimensions and normalise again (Matryoshka); a row of zeros stays zero."""
    prefix = vectors[:, :dimensions].astype(np.float64)
    length = np.linalg.norm(prefix, axis=1, keepdims=True)
    return (prefix / np.where(length > 0, length, 1)).astype(np.float32)


def ranks(
    queries: Vectors,
    gallery: Vectors,
    positives: Sequence[Rows],
    excluded: Sequence[Rows],
    variants: Rows | None = None,
    block_bytes: int = 256 << 20,
) -> list[npt.NDArray[np.float64]]:
    """The ranks of each query's positives, from 1; infinite if the query or the row has no vector.

    A wrong row ranks before a positive of equal score, so that an encoder with one vector for everything retrieves nothing.
    Scores are summed in float64 and rounded to float32, so that equal vectors score the same in any block.

    Args:
        queries: [q, d].
        gallery: [n, d].
        positives: for each query its positives, as rows of the gallery.
        excluded: for each query the rows that leave its ranking; none of them a positive.
        variants: rows that only a query with them as a positive ranks.
        block_bytes: bytes of scores in memory.

    Cost: 2 q n d operations; `block_bytes` and 8192 d numbers of memory.
    """
    has_vector = ~np.isnan(gallery).any(1)
    block = max(1, block_bytes // (4 * max(1, len(gallery))))
    all_ranks: list[npt.NDArray[np.float64]] = []
    for start in range(0, len(queries), block):
        scores = _scores(queries[start : start + block], gallery)
        scores[:, ~has_vector] = -np.inf
        rows = slice(start, start + block)
        for query_scores, right, out in zip(scores, positives[rows], excluded[rows], strict=True):
            hidden = out if variants is None else np.concatenate([out, variants])
            all_ranks.append(_ranks_of_query(query_scores, right, hidden))
    return all_ranks


def _scores(queries: Vectors, gallery: Vectors) -> npt.NDArray[np.float32]:
    """[q, n]."""
    exact = queries.astype(np.float64)
    scores = np.empty((len(queries), len(gallery)), np.float32)
    for start in range(0, len(gallery), GALLERY):
        scores[:, start : start + GALLERY] = exact @ gallery[start : start + GALLERY].astype(np.float64).T
    return scores


def _ranks_of_query(scores: npt.NDArray[np.float32], positives: Rows, excluded: Rows) -> npt.NDArray[np.float64]:
    """The ranks of the positives among the rows that are not excluded. Overwrites `scores`."""
    own = scores[positives]
    scores[positives] = scores[excluded] = -np.inf
    order = np.argsort(-own, kind="stable")
    rank = np.empty(len(positives))
    for before, n in enumerate(order):
        scored = np.isfinite(own[n])
        rank[n] = 1 + before + np.count_nonzero(scores >= own[n]) if scored else np.inf
    return rank
