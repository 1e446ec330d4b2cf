"""Search by cells (IVF) for corpora above a size: only the rows of the cells nearest to a query are looked at.

The centres are trained once, on a seeded sample of the whole corpus, and handed to every part.
Which cell a row lies in and which cells a query visits is decided by `search.exact`, so a
corpus gives the same rows however it is split.
"""

import math
from dataclasses import dataclass, replace
from typing import Annotated, NamedTuple

import faiss
import numpy as np
from faiss.contrib.ivf_tools import add_preassigned
from pydantic import Field

from pipelines.negatives.search.exact_dot import NOTHING, Rows, Scores, Vectors
from pipelines.negatives.search.exact_search import Found, Search, check, exact, refined
from pipelines.negatives.search.topk_backends import Lookup
from schemas.errors import DataError
from schemas.settings import Seed


@dataclass(frozen=True, slots=True, kw_only=True)
class Cells:
    """Settings of the search by cells."""

    above: Annotated[int, Field(ge=1)] = 1_000_000
    """Rows of a corpus above which it is searched by cells. Ours: below, `exact` costs about a second for 100 queries."""
    cells: Annotated[int, Field(ge=0)] = 0
    """Cells; 0: four times the root of the rows, as faiss' guide to indexes has it."""
    visits: Annotated[int, Field(ge=1)] = 32
    """Cells that a query visits: more find more, and cost as much more."""
    sample_per_cell: Annotated[int, Field(ge=1)] = 64
    """Rows a cell that the centres are trained on; faiss asks for 39 to 256."""
    rounds: Annotated[int, Field(ge=1)] = 10
    """Rounds of k-means."""
    measured_on: Annotated[int, Field(ge=1)] = 200
    """Queries that are also searched exactly, to say how much the cells miss."""
    seed: Seed = 0
    """Draws the sample and the first centres."""


class Missed(NamedTuple):
    """What the search by cells was measured to find."""

    recall: float
    """Of the exact search's rows, the share found, 0 to 1."""
    queries: int
    """Queries that it was measured on."""


def centres(corpus: Vectors, settings: Cells) -> Vectors:
    """The centres of the cells: [m, d] -> [cells, d]. Spherical k-means on a seeded sample, on one thread.

    Raises:
        DataError: fewer rows than cells.
    """
    count = settings.cells or round(4 * math.sqrt(len(corpus)))
    if len(corpus) < count:
        raise DataError(f"search by cells: {len(corpus)} rows for {count} cells; set fewer, or raise `above` to search exactly")
    wanted = min(len(corpus), count * settings.sample_per_cell)
    drawn = np.sort(np.random.default_rng(settings.seed).permutation(len(corpus))[:wanted])
    threads = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(1)  # sums of several threads are added in an order that is not ours
    try:
        trained = faiss.Kmeans(
            corpus.shape[1], count, niter=settings.rounds, seed=settings.seed + 1, spherical=True,
            min_points_per_centroid=1, max_points_per_centroid=settings.sample_per_cell,
        )  # fmt: skip
        trained.train(np.ascontiguousarray(corpus[drawn]))
    finally:
        faiss.omp_set_num_threads(threads)
    return np.asarray(trained.centroids, np.float32)


def by_cells(look: Lookup, queries: Vectors, corpus: Vectors, k: int, search: Search, *, names: Rows | None = None) -> Found:
    """As `exact`, among the rows of the cells that a query visits.

    Args:
        look: what `visiting` built of this corpus, once for all batches of queries.
        queries: [n, d].
        corpus: [m, d], or a part of it.
        k: how many.
        search: memory and device.
        names: [m] what the rows are called in the whole corpus.

    Cost: 2 * n * d * (cells + m * visits / cells) operations, where the cells are of one size.
    """
    check(queries, corpus, k)
    return refined(look, queries, corpus, np.arange(len(corpus)) if names is None else names, k, search)


def visiting(corpus: Vectors, middle: Vectors, search: Search, cells: Cells) -> Lookup:
    """Sort a corpus, or a part of it, into the cells, and look there.

    Args:
        corpus: [m, d].
        middle: [cells, d], the `centres` of the whole corpus.
        search: memory and device.
        cells: how many are visited.

    Cost: 2 * m * cells * d operations, and a copy of the vectors.
    """
    index = faiss.IndexIVFFlat(faiss.IndexFlatIP(corpus.shape[1]), corpus.shape[1], len(middle), faiss.METRIC_INNER_PRODUCT)
    index.is_trained, index.nprobe = True, min(cells.visits, len(middle))
    held, nearest = np.ascontiguousarray(corpus), replace(search, slack=2)
    add_preassigned(index, held, exact(held, middle, 1, nearest).rows[:, 0].copy())

    def look(queries: Vectors, depth: int) -> tuple[Scores, Rows]:
        visited = exact(queries, middle, index.nprobe, search)
        return index.search_preassigned(queries, depth, visited.rows, visited.scores)

    return look


def measured(found: Found, sure: Found) -> Missed:
    """How much of the exact answer was found, over all places that the exact answer fills."""
    hits = sum(len(np.intersect1d(a[a != NOTHING], b)) for a, b in zip(sure.rows, found.rows, strict=True))
    return Missed(hits / max(1, int((sure.rows != NOTHING).sum())), len(sure.rows))
