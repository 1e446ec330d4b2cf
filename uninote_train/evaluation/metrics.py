"""Retrieval metrics of each query from the ranks of its positives."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

KS = (1, 5, 10)
"""Cut-offs that the paper reports."""
NAMES = (*[f"recall@{k}" for k in KS], *[f"precision@{k}" for k in KS], "ndcg@10", "mrr")
DEPTH = 10
"""Cut-off of nDCG."""


def query_metrics(ranks: Sequence[npt.NDArray[np.float64]]) -> npt.NDArray[np.float64]:
    """[queries, len(NAMES)], each in [0, 1].

    recall@k: the share of a query's positives among the first k. precision@k: the share of the first k that are positives; a
    query with fewer positives than k does not reach 1. ndcg@10: gain 1 for a positive, divided by the gain of the best
    order. mrr: 1 / rank of the first positive, at any depth.

    Args:
        ranks: of each query's positives, from 1, infinite where one was not retrieved; at least one per query.
    """
    return np.array([_metrics_of_query(rank) for rank in ranks]).reshape(len(ranks), len(NAMES))


def _metrics_of_query(rank: npt.NDArray[np.float64]) -> list[float]:
    hits = [int((rank <= k).sum()) for k in KS]
    gain = (1 / np.log2(1 + rank[rank <= DEPTH])).sum()
    best = (1 / np.log2(2 + np.arange(min(len(rank), DEPTH)))).sum()
    recall = [n / len(rank) for n in hits]
    precision = [n / k for n, k in zip(hits, KS, strict=True)]
    return [*recall, *precision, float(gain / best), float(1 / rank.min())]
