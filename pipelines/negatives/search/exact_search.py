"""Exact top-k search by inner product; the hits do not depend on how the corpus is split.

A fast float32 lookup proposes k rows and a few more; those are scored again in one fixed order
(`exact_dot`) and sorted by (score, row). The k best are certain when the last proposed score, raised
by the largest possible float32 error, is below the k-th score. Otherwise, as among many equal
vectors, the search is repeated with more proposals.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from pipelines.negatives.search.exact_dot import NO_ROW, Rows, Scores, Vectors, exact_scores
from pipelines.negatives.search.topk_backends import Lookup, flat_lookup
from schemas.errors import DataError

UNIT = 2.0**-24
"""Unit roundoff of float32."""
BYTES_PER_HIT = 64
"""Memory of a proposed row: score and row as proposed, in faiss' reservoir, scored again, and sorted."""
DEEPER = 4
"""Factor by which the number of proposals grows when the k best are not certain."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """Settings of the exact search, and of the searches built on it."""

    memory_mb: Annotated[int, Field(ge=1)] = 512
    """Megabytes that a search may use beside its vectors and its hits. Does not change the output."""
    slack: Annotated[int, Field(ge=0)] = 16
    """Rows that are proposed beyond k, so that few queries need a second pass. Does not change the output."""
    device: str = "cpu"
    """cpu: faiss; otherwise a torch device, such as cuda."""


class SearchHits(NamedTuple):
    """The best rows of a corpus for each query, best first; of equal scores the smaller row."""

    scores: Scores
    """[n, k]; minus infinity where the corpus has fewer than k rows."""
    rows: Rows
    """[n, k]; NO_ROW where the corpus has fewer than k rows."""


def exact(queries: Vectors, corpus: Vectors, k: int, settings: Search, *, names: Rows | None = None) -> SearchHits:
    """The k best rows of the corpus for each query.

    Args:
        queries: [n, d].
        corpus: [m, d]; may be a part of a corpus that is split over actors.
        k: hits for each query, at least 1.
        settings: memory and device.
        names: [m] distinct, numbers of the rows in the whole corpus; None: 0 to m - 1.

    Raises:
        DataError: queries and corpus of different dimensions, or with NaN or infinity.

    Cost: 2 * n * m * d operations, and 24 * n * (k + slack) * d bytes of traffic to score again.
    """
    check(queries, corpus, k)
    numbers = np.arange(len(corpus)) if names is None else names
    lookup = flat_lookup(np.ascontiguousarray(corpus), settings.device, settings.memory_mb << 20)
    return refined(lookup, queries, corpus, numbers, k, settings)


def merge(parts: Sequence[SearchHits], k: int) -> SearchHits:
    """Merge the hits of several disjoint parts of a corpus, each searched for the same queries."""
    scores = np.concatenate([part.scores for part in parts], axis=1)
    rows = np.concatenate([part.rows for part in parts], axis=1)
    return best(scores, rows, k)


def by_group(
    queries: Vectors, query_groups: NDArray[np.integer], corpus: Vectors, groups: NDArray[np.integer], k: int, settings: Search
) -> SearchHits:
    """As `exact`, but each query searches only the rows of its own group (a split).

    Args:
        queries: [n, d].
        query_groups: [n].
        corpus: [m, d].
        groups: [m].
        k: hits for each query.
        settings: memory and device.

    Cost: that of `exact` for each group, and a copy of a group's vectors unless they are contiguous.
    """
    check(queries, corpus, k)
    scores, rows = empty_hits(len(queries), k)
    for group in np.unique(query_groups):
        mine, members = np.flatnonzero(query_groups == group), np.flatnonzero(groups == group)
        scores[mine], rows[mine] = exact(queries[mine], contiguous(corpus, members), k, settings, names=members)
    return SearchHits(scores, rows)


def refined(lookup: Lookup, queries: Vectors, corpus: Vectors, names: Rows, k: int, settings: Search) -> SearchHits:
    """The k best rows that a lookup proposes, scored exactly; repeated with more proposals until they are certain."""
    out = empty_hits(len(queries), k)
    todo, depth = np.arange(len(queries) if len(corpus) else 0), k + settings.slack
    relative_error = (corpus.shape[1] + 2) * 1.01 * UNIT * longest(corpus)
    while len(todo):
        depth = min(depth, len(corpus))
        step = max(1, (settings.memory_mb << 20) // (depth * BYTES_PER_HIT + 4 * corpus.shape[1]))
        unsure = []
        for begin in range(0, len(todo), step):
            part = todo[begin : begin + step]
            mine = np.ascontiguousarray(queries[part])
            proposed, local = lookup(mine, depth)
            hits = best(exact_scores(mine, corpus, local), np.where(local == NO_ROW, NO_ROW, names[local]), k)
            out.scores[part], out.rows[part] = hits
            if depth < len(corpus):
                error = relative_error * np.linalg.norm(mine.astype(np.float64), axis=1)
                bound = np.nextafter((proposed[:, -1] + error).astype(np.float32), np.float32(np.inf))
                unsure.append(part[(bound >= hits.scores[:, -1]) & (local[:, -1] != NO_ROW)])
        todo = np.concatenate(unsure) if unsure else todo[:0]
        depth *= DEEPER
    return out


def best(scores: Scores, rows: Rows, k: int) -> SearchHits:
    """The k largest scores of each line, of equal scores the smaller row; filled up with NO_ROW."""
    order = np.lexsort((rows, -scores), axis=-1)[:, :k]
    out = empty_hits(len(scores), k)
    out.scores[:, : order.shape[1]] = np.take_along_axis(scores, order, axis=1)
    out.rows[:, : order.shape[1]] = np.take_along_axis(rows, order, axis=1)
    return out


def empty_hits(n: int, k: int) -> SearchHits:
    """[n, k] empty hits."""
    return SearchHits(np.full((n, k), -np.inf, np.float32), np.full((n, k), NO_ROW, np.int64))


def check(queries: Vectors, corpus: Vectors, k: int) -> None:
    """Check queries and corpus.

    Raises:
        DataError: k below 1, not float32 [rows, dimensions], not finite, or different dimensions.
    """
    if k < 1:
        raise DataError(f"search: k = {k}, expected at least 1")
    for name, vectors in (("queries", queries), ("corpus", corpus)):
        if vectors.ndim != 2 or vectors.dtype != np.float32:
            raise DataError(f"search: {name} are {vectors.dtype} {vectors.shape}, expected float32 [rows, dimensions]")
        if not np.isfinite(vectors).all():
            bad = np.flatnonzero(~np.isfinite(vectors).all(axis=1))
            count = f"{len(bad)} of {len(vectors)} {name} have a number that is not finite"
            raise DataError(f"search: {count}, the first in row {bad[0]}; encode them again or leave them out")
    if queries.shape[1] != corpus.shape[1]:
        raise DataError(f"search: queries have {queries.shape[1]} dimensions and the corpus {corpus.shape[1]}: two encoders?")


def contiguous(corpus: Vectors, members: Rows) -> Vectors:
    """Rows of the corpus, without a copy if they are contiguous."""
    if len(members) and members[-1] - members[0] + 1 == len(members):
        return corpus[members[0] : members[-1] + 1]
    return corpus[members]


def longest(vectors: Vectors) -> float:
    """The largest L2 length of a row; 0 without rows."""
    return float(np.sqrt(np.einsum("md,md->m", vectors, vectors, dtype=np.float64).max(initial=0.0)))
