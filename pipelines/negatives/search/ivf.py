"""IVF search for large corpora: only the rows of the cells nearest to a query are scored.

The centres are trained once, on a seeded sample of the whole corpus, and passed to every part.
The cell of a row and the cells that a query visits are found by `exact_search.exact`, so the hits
do not depend on how the corpus is split.
"""

import math
from dataclasses import dataclass, replace
from typing import Annotated, NamedTuple

import faiss
import numpy as np
from faiss.contrib.ivf_tools import add_preassigned
from pydantic import Field

from pipelines.negatives.search.exact_dot import NO_ROW, Rows, Scores, Vectors
from pipelines.negatives.search.exact_search import Search, SearchHits, check, exact, refined
from pipelines.negatives.search.topk_backends import Lookup
from schemas.errors import DataError
from schemas.settings import Seed


@dataclass(frozen=True, slots=True, kw_only=True)
class IvfSettings:
    """Settings of the IVF search, which replaces the exact search of large corpora."""

    above: Annotated[int, Field(ge=1)] = 1_000_000
    """Rows of a corpus above which it is searched by IVF. Ours: below, exact search takes about a second for 100 queries."""
    cells: Annotated[int, Field(ge=0)] = 0
    """Number of cells; 0: four times the square root of the rows, as faiss' guide to indexes recommends."""
    visits: Annotated[int, Field(ge=1)] = 32
    """Cells that a query visits (faiss' nprobe): recall and cost rise with it."""
    sample_per_cell: Annotated[int, Field(ge=1)] = 64
    """Rows a cell that the centres are trained on; faiss recommends 39 to 256."""
    rounds: Annotated[int, Field(ge=1)] = 10
    """Iterations of k-means."""
    measured_on: Annotated[int, Field(ge=1)] = 200
    """Queries that are also searched exactly, to measure recall."""
    seed: Seed = 0
    """Seed of the sample and of the initial centres."""


class RecallEstimate(NamedTuple):
    """Measured recall of the IVF search."""

    recall: float
    """Share of the exact search's hits that IVF finds, 0 to 1."""
    queries: int
    """Number of queries that it was measured on."""


def train_centres(corpus: Vectors, settings: IvfSettings) -> Vectors:
    """Train the centres of the cells: [m, d] -> [cells, d]. Spherical k-means on a seeded sample, on one thread.

    Raises:
        DataError: fewer rows than cells.
    """
    count = settings.cells or round(4 * math.sqrt(len(corpus)))
    if len(corpus) < count:
        raise DataError(
            f"IVF search: {len(corpus)} rows for {count} cells; set fewer cells, or raise `above` to search exactly"
        )
    size = min(len(corpus), count * settings.sample_per_cell)
    sample = np.sort(np.random.default_rng(settings.seed).permutation(len(corpus))[:size])
    threads = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(1)  # several threads add their sums in no fixed order
    try:
        kmeans = faiss.Kmeans(
            corpus.shape[1], count, niter=settings.rounds, seed=settings.seed + 1, spherical=True,
            min_points_per_centroid=1, max_points_per_centroid=settings.sample_per_cell,
        )  # fmt: skip
        kmeans.train(np.ascontiguousarray(corpus[sample]))
    finally:
        faiss.omp_set_num_threads(threads)
    return np.asarray(kmeans.centroids, np.float32)


def ivf_search(
    lookup: Lookup, queries: Vectors, corpus: Vectors, k: int, search: Search, *, names: Rows | None = None
) -> SearchHits:
    """As `exact`, but only among the rows of the cells that a query visits.

    Args:
        lookup: `ivf_lookup` of this corpus, built once for all batches of queries.
        queries: [n, d].
        corpus: [m, d], or a part of it.
        k: hits for each query.
        search: memory and device.
        names: [m] numbers of the rows in the whole corpus.

    Cost: 2 * n * d * (cells + m * visits / cells) operations, if all cells have the same size.
    """
    check(queries, corpus, k)
    return refined(lookup, queries, corpus, np.arange(len(corpus)) if names is None else names, k, search)


def ivf_lookup(corpus: Vectors, centres: Vectors, search: Search, cells: IvfSettings) -> Lookup:
    """Assign the rows of a corpus, or of a part of it, to the cells; returns a lookup in them.

    Args:
        corpus: [m, d].
        centres: [cells, d], `train_centres` of the whole corpus.
        search: memory and device.
        cells: number of visits.

    Cost: 2 * m * cells * d operations, and a copy of the vectors.
    """
    index = faiss.IndexIVFFlat(faiss.IndexFlatIP(corpus.shape[1]), corpus.shape[1], len(centres), faiss.METRIC_INNER_PRODUCT)
    index.is_trained, index.nprobe = True, min(cells.visits, len(centres))
    rows, nearest = np.ascontiguousarray(corpus), replace(search, slack=2)
    add_preassigned(index, rows, exact(rows, centres, 1, nearest).rows[:, 0].copy())

    def lookup(queries: Vectors, depth: int) -> tuple[Scores, Rows]:
        visited = exact(queries, centres, index.nprobe, search)
        return index.search_preassigned(queries, depth, visited.rows, visited.scores)

    return lookup


def measured_recall(hits: SearchHits, exact_hits: SearchHits) -> RecallEstimate:
    """Share of the exact hits that are among the hits."""
    common = sum(len(np.intersect1d(a[a != NO_ROW], b)) for a, b in zip(exact_hits.rows, hits.rows, strict=True))
    return RecallEstimate(common / max(1, int((exact_hits.rows != NO_ROW).sum())), len(exact_hits.rows))
