"""The k rows of a corpus with the largest inner product, the same ones however the corpus is cut.

A fast float32 lookup proposes k and a few more; those are scored again in one fixed order
(`fixed_order`) and sorted by (score, row). A proposal is taken only when it is certain: the last
proposed score, raised by the largest error that float32 can make, stays below the k-th score.
Where it does not, as among many equal vectors, more is asked for.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from pipelines.negatives.search.exact_dot import NOTHING, Rows, Scores, Vectors, rescored
from pipelines.negatives.search.topk_backends import Lookup, flat
from schemas.errors import DataError

UNIT = 2.0**-24
"""Unit roundoff of float32."""
BYTES_PER_HIT = 64
"""A proposed row: score and row as proposed, in faiss' reservoir, as scored again, and sorted."""
DEEPER = 4
"""By how much more is asked for where a proposal is not certain."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """Settings of `exact`, and of what is built on it."""

    memory_mb: Annotated[int, Field(ge=1)] = 512
    """Megabytes that a search may hold beside its vectors and its answer. It moves no row."""
    slack: Annotated[int, Field(ge=0)] = 16
    """Rows that are proposed beyond k, so that few queries need a second look. It moves no row."""
    device: str = "cpu"
    """cpu: faiss. Else a torch device, such as cuda."""


class Found(NamedTuple):
    """The best of a corpus, best first; of equal scores the smaller row."""

    scores: Scores
    """[n, k]; minus infinity where the corpus has no k rows."""
    rows: Rows
    """[n, k]; NOTHING there."""


def exact(queries: Vectors, corpus: Vectors, k: int, settings: Search, *, names: Rows | None = None) -> Found:
    """The k best rows of the corpus for each query.

    Args:
        queries: [n, d].
        corpus: [m, d]; a part of a corpus that is split over actors, too.
        k: how many, at least 1.
        settings: memory and device.
        names: [m] distinct, what the rows are called in the whole corpus; None: 0 to m - 1.

    Raises:
        DataError: vectors of two lengths, or with a number that is none.

    Cost: 2 * n * m * d operations, and 24 * n * (k + slack) * d bytes of traffic to score again.
    """
    check(queries, corpus, k)
    called = np.arange(len(corpus)) if names is None else names
    look = flat(np.ascontiguousarray(corpus), settings.device, settings.memory_mb << 20)
    return refined(look, queries, corpus, called, k, settings)


def merge(parts: Sequence[Found], k: int) -> Found:
    """The best of several parts of a corpus, each searched for the same queries; no row is in two of them."""
    scores = np.concatenate([part.scores for part in parts], axis=1)
    rows = np.concatenate([part.rows for part in parts], axis=1)
    return best(scores, rows, k)


def by_group(
    queries: Vectors, query_groups: NDArray[np.integer], corpus: Vectors, groups: NDArray[np.integer], k: int, settings: Search
) -> Found:
    """As `exact`, each query within the rows of its own group: a split.

    Args:
        queries: [n, d].
        query_groups: [n].
        corpus: [m, d].
        groups: [m].
        k: how many.
        settings: memory and device.

    Cost: that of `exact` for each group, and a copy of a group's vectors unless they lie together.
    """
    check(queries, corpus, k)
    scores, rows = nothing(len(queries), k)
    for group in np.unique(query_groups):
        asking, members = np.flatnonzero(query_groups == group), np.flatnonzero(groups == group)
        found = exact(queries[asking], together(corpus, members), k, settings, names=members)
        scores[asking], rows[asking] = found
    return Found(scores, rows)


def refined(look: Lookup, queries: Vectors, corpus: Vectors, names: Rows, k: int, settings: Search) -> Found:
    """Proposals of a lookup, scored again until each query's k best are certain among what the lookup sees."""
    out = nothing(len(queries), k)
    todo, depth = np.arange(len(queries) if len(corpus) else 0), k + settings.slack
    reach = (corpus.shape[1] + 2) * 1.01 * UNIT * _longest(corpus)
    while len(todo):
        depth = min(depth, len(corpus))
        step = max(1, (settings.memory_mb << 20) // (depth * BYTES_PER_HIT + 4 * corpus.shape[1]))
        unsure = []
        for begin in range(0, len(todo), step):
            part = todo[begin : begin + step]
            asked = np.ascontiguousarray(queries[part])
            proposed, local = look(asked, depth)
            found = best(rescored(asked, corpus, local), np.where(local == NOTHING, NOTHING, names[local]), k)
            out.scores[part], out.rows[part] = found
            if depth < len(corpus):
                error = reach * np.linalg.norm(asked.astype(np.float64), axis=1)
                bound = np.nextafter((proposed[:, -1] + error).astype(np.float32), np.float32(np.inf))
                unsure.append(part[(bound >= found.scores[:, -1]) & (local[:, -1] != NOTHING)])
        todo = np.concatenate(unsure) if unsure else todo[:0]
        depth *= DEEPER
    return out


def best(scores: Scores, rows: Rows, k: int) -> Found:
    """The k largest of each line, of equal scores the smaller row; filled with NOTHING up to k."""
    order = np.lexsort((rows, -scores), axis=-1)[:, :k]
    out = nothing(len(scores), k)
    out.scores[:, : order.shape[1]] = np.take_along_axis(scores, order, axis=1)
    out.rows[:, : order.shape[1]] = np.take_along_axis(rows, order, axis=1)
    return out


def nothing(n: int, k: int) -> Found:
    """[n, k] places that nothing fills yet."""
    return Found(np.full((n, k), -np.inf, np.float32), np.full((n, k), NOTHING, np.int64))


def check(queries: Vectors, corpus: Vectors, k: int) -> None:
    """Refuse what cannot be searched, with what was found and what is wanted."""
    if k < 1:
        raise DataError(f"search: asked for the {k} best, wanted at least 1")
    for name, vectors in (("queries", queries), ("corpus", corpus)):
        if vectors.ndim != 2 or vectors.dtype != np.float32:
            raise DataError(f"search: {name} are {vectors.dtype} {vectors.shape}, wanted float32 [rows, dimensions]")
        if not np.isfinite(vectors).all():
            bad = np.flatnonzero(~np.isfinite(vectors).all(axis=1))
            found = f"{len(bad)} of {len(vectors)} {name} have a number that is not finite"
            raise DataError(f"search: {found}, the first in row {bad[0]}; encode them again or leave them out")
    if queries.shape[1] != corpus.shape[1]:
        raise DataError(f"search: queries have {queries.shape[1]} dimensions and the corpus {corpus.shape[1]}: two encoders?")


def together(corpus: Vectors, members: Rows) -> Vectors:
    """Rows of the corpus, without a copy where they lie side by side."""
    if len(members) and members[-1] - members[0] + 1 == len(members):
        return corpus[members[0] : members[-1] + 1]
    return corpus[members]


def _longest(vectors: Vectors) -> float:
    return float(np.sqrt(np.einsum("md,md->m", vectors, vectors, dtype=np.float64).max(initial=0.0)))
