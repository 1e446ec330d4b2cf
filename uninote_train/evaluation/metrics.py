"""Ranks of the right answers -> the numbers of each query."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

KS = (1, 5, 10)
"""As the paper reports."""
NAMES = (*[f"recall@{k}" for k in KS], *[f"precision@{k}" for k in KS], "ndcg@10", "mrr")
DEPTH = 10
"""Of nDCG."""


def of_queries(ranks: Sequence[npt.NDArray[np.float64]]) -> npt.NDArray[np.float64]:
    """[queries, len(NAMES)], each in [0, 1].

    recall@k: the share of a query's right answers among the first k. precision@k: the share of the first k that is right; a
    query with fewer right answers than k does not reach 1. ndcg@10: gain 1 for a right answer, over the best order there
    is. mrr: 1 / rank of the first right answer, however far.

    Args:
        ranks: of each query's right answers, from 1, infinite where one was not found; at least one a query.
    """
    return np.array([_of_one(rank) for rank in ranks]).reshape(len(ranks), len(NAMES))


def _of_one(rank: npt.NDArray[np.float64]) -> list[float]:
    found = [int((rank <= k).sum()) for k in KS]
    gain = (1 / np.log2(1 + rank[rank <= DEPTH])).sum()
    best = (1 / np.log2(2 + np.arange(min(len(rank), DEPTH)))).sum()
    recall = [n / len(rank) for n in found]
    precision = [n / k for n, k in zip(found, KS, strict=True)]
    return [*recall, *precision, float(gain / best), float(1 / rank.min())]
