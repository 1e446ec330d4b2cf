"""Search by cells: what it finds, what it misses, and that a split does not matter."""

import numpy as np
import pytest

from pipelines.negatives.search.exact_search import Search, exact, merge
from pipelines.negatives.search.ivf import IvfSettings, ivf_lookup, ivf_search, measured_recall, train_centres
from schemas.errors import DataError

SETTINGS = IvfSettings(cells=24, visits=6)


def clustered(rng, n, d=16):
    middle = rng.standard_normal((40, d))
    made = middle[rng.integers(0, 40, n)] + 0.3 * rng.standard_normal((n, d))
    return (made / np.linalg.norm(made, axis=1, keepdims=True)).astype(np.float32)


def searched(queries, corpus, middle, k, cells, names=None):
    return ivf_search(ivf_lookup(corpus, middle, Search(), cells), queries, corpus, k, Search(), names=names)


def test_visiting_every_cell_is_exact():
    rng = np.random.default_rng(1)
    corpus = clustered(rng, 1500)
    queries, everywhere = corpus[:20], IvfSettings(cells=24, visits=24)
    found = searched(queries, corpus, train_centres(corpus, everywhere), 10, everywhere)
    sure = exact(queries, corpus, 10, Search())
    assert (found.rows == sure.rows).all() and (found.scores == sure.scores).all()


def test_recall_is_measured_and_grows_with_the_visits():
    rng = np.random.default_rng(2)
    spread = (clustered(rng, 3000) + 0.2 * rng.standard_normal((3000, 16))).astype(np.float32)
    corpus = spread / np.linalg.norm(spread, axis=1, keepdims=True)
    queries, middle = corpus[::60], train_centres(corpus, SETTINGS)
    sure = exact(queries, corpus, 10, Search())
    recalls = [
        measured_recall(searched(queries, corpus, middle, 10, IvfSettings(cells=24, visits=v)), sure).recall for v in (1, 6, 24)
    ]
    assert recalls[0] < recalls[1] < recalls[2] == 1.0
    assert recalls[1] > 0.9


def test_a_split_corpus_gives_the_same_rows():
    rng = np.random.default_rng(3)
    corpus = clustered(rng, 2000)
    queries, middle, rows = corpus[::40], train_centres(corpus, SETTINGS), np.arange(2000)
    whole = searched(queries, corpus, middle, 8, SETTINGS)
    parts = [searched(queries, corpus[r], middle, 8, SETTINGS, names=r) for r in np.array_split(rows, 3)]
    assert (merge(parts, 8).rows == whole.rows).all()


def test_the_seed_decides_the_centres():
    corpus = clustered(np.random.default_rng(4), 1000)
    assert (train_centres(corpus, SETTINGS) == train_centres(corpus, SETTINGS)).all()
    assert (train_centres(corpus, SETTINGS) != train_centres(corpus, IvfSettings(cells=24, seed=9))).any()


def test_says_when_there_are_more_cells_than_rows():
    with pytest.raises(DataError, match="10 rows for 24 cells"):
        train_centres(clustered(np.random.default_rng(5), 10), SETTINGS)
