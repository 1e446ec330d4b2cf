"""Exact search against every product in turn, and what must not move its rows."""

import numpy as np
import pytest

from pipelines.negatives.search.exact_dot import NO_ROW, dot_products, exact_scores
from pipelines.negatives.search.exact_search import Search, by_group, exact, merge
from schemas.errors import DataError

SMALL = Search(memory_mb=1, slack=0)


def vectors(rng, n, d):
    made = rng.standard_normal((n, d)).astype(np.float32)
    return made / np.maximum(np.linalg.norm(made, axis=1, keepdims=True), 1e-9)


def by_hand(queries, corpus, k):
    """Every product in float64, rounded once; sorted by (score, row)."""
    scores = np.array([[dot_products(q[None], c[None])[0] for c in corpus] for q in queries])
    order = [sorted(range(len(corpus)), key=lambda row: (-line[row], row))[:k] for line in scores]
    return np.take_along_axis(scores, np.array(order), axis=1), np.array(order)


def test_finds_what_every_product_in_turn_finds():
    rng = np.random.default_rng(1)
    queries, corpus = vectors(rng, 9, 24), vectors(rng, 300, 24)
    found = exact(queries, corpus, 7, Search())
    scores, rows = by_hand(queries, corpus, 7)
    assert (found.rows == rows).all() and (found.scores == scores).all()


def test_scores_are_the_inner_products():
    rng = np.random.default_rng(2)
    queries, corpus = vectors(rng, 5, 33), vectors(rng, 50, 33)
    found = exact(queries, corpus, 50, Search())
    wanted = np.take_along_axis(queries.astype(np.float64) @ corpus.astype(np.float64).T, found.rows, axis=1)
    assert np.abs(found.scores - wanted).max() < 1e-7


def test_of_equal_vectors_the_smaller_rows_win_even_when_all_are_equal():
    rng = np.random.default_rng(3)
    one = vectors(rng, 1, 16)
    found = exact(np.repeat(one, 3, axis=0), np.repeat(one, 500, axis=0), 6, SMALL)
    assert (found.rows == np.arange(6)).all()


def test_near_ties_do_not_move_with_the_block_or_the_split():
    """Scores that float32 cannot tell apart: a bare matrix product orders them by its blocks."""
    rng = np.random.default_rng(4)
    centre = vectors(rng, 1, 256)
    corpus = (centre + 1e-7 * rng.standard_normal((2000, 256))).astype(np.float32)
    queries = (centre + 1e-7 * rng.standard_normal((20, 256))).astype(np.float32)
    whole = exact(queries, corpus, 10, Search())
    assert (whole.rows == by_hand(queries[:1], corpus, 10)[1][0])[0].all()
    for cuts in ([1000], [7, 400, 1999], list(range(20, 2000, 20))):
        parts = np.split(np.arange(2000), cuts)
        found = merge([exact(queries, corpus[rows], 10, SMALL, names=rows) for rows in parts], 10)
        assert (found.rows == whole.rows).all() and (found.scores == whole.scores).all()
    one_by_one = [exact(queries[i : i + 1], corpus, 10, SMALL).rows[0] for i in range(20)]
    assert (np.array(one_by_one) == whole.rows).all()


def test_the_torch_path_finds_the_same_rows():
    rng = np.random.default_rng(5)
    queries, corpus = vectors(rng, 30, 64), np.repeat(vectors(rng, 400, 64), 2, axis=0)
    on_torch = exact(queries, corpus, 12, Search(device="cpu:0", memory_mb=1))
    on_faiss = exact(queries, corpus, 12, Search())
    assert (on_torch.rows == on_faiss.rows).all() and (on_torch.scores == on_faiss.scores).all()


def test_places_that_nothing_fills_say_so():
    rng = np.random.default_rng(6)
    queries, corpus = vectors(rng, 2, 8), vectors(rng, 3, 8)
    found = exact(queries, corpus, 5, Search())
    assert (found.rows[:, 3:] == NO_ROW).all() and np.isneginf(found.scores[:, 3:]).all()
    assert (exact(queries, corpus[:0], 5, Search()).rows == NO_ROW).all()
    assert exact(queries[:0], corpus, 5, Search()).rows.shape == (0, 5)


def test_negative_scores_are_scores():
    corpus = np.array([[-1, 0], [-0.5, 0]], np.float32)
    assert exact(np.array([[1, 0]], np.float32), corpus, 2, SMALL).rows.tolist() == [[1, 0]]


def test_a_group_is_searched_alone():
    rng = np.random.default_rng(7)
    queries, corpus = vectors(rng, 12, 16), vectors(rng, 90, 16)
    asking, groups = np.arange(12) % 3, rng.integers(0, 4, 90)
    found = by_group(queries, asking, corpus, groups, 5, Search())
    for i in range(12):
        own = np.flatnonzero(groups == asking[i])
        assert found.rows[i].tolist() == own[by_hand(queries[i : i + 1], corpus[own], 5)[1][0]].tolist()


@pytest.mark.parametrize(
    ("queries", "corpus", "k", "said"),
    [
        (np.zeros((1, 3), np.float32), np.zeros((1, 4), np.float32), 1, "3 dimensions and the corpus 4"),
        (np.zeros((1, 3), np.float32), np.full((2, 3), np.nan, np.float32), 1, "the first in row 0"),
        (np.zeros((1, 3)), np.zeros((1, 3), np.float32), 1, "float64"),
        (np.zeros((1, 3), np.float32), np.zeros((1, 3), np.float32), 0, "at least 1"),
    ],
)
def test_says_what_is_wrong_with_vectors(queries, corpus, k, said):
    with pytest.raises(DataError, match=said):
        exact(queries, corpus, k, Search())


def test_a_score_does_not_depend_on_its_neighbours():
    rng = np.random.default_rng(8)
    for d in (1, 2, 3, 7, 255, 256, 300):
        left, right = vectors(rng, 40, d), vectors(rng, 40, d)
        alone = [dot_products(left[i : i + 1], right[i : i + 1])[0] for i in range(40)]
        assert (dot_products(left, right) == alone).all()
        assert (exact_scores(left, right, np.arange(40)[:, None])[:, 0] == alone).all()
        assert np.abs(dot_products(left, right) - (left.astype(np.float64) * right).sum(axis=1)).max() < 1e-6
