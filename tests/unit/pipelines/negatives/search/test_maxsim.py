"""MaxSim against the best element of each note in turn."""

import numpy as np

from pipelines.negatives.search.exact_dot import NO_ROW, dot_products
from pipelines.negatives.search.exact_search import Search
from pipelines.negatives.search.maxsim import best_notes, best_notes_by_group, maxsim, merge_notes


def vectors(rng, n, d):
    return rng.standard_normal((n, d)).astype(np.float32)


def by_hand(query, elements, owners, k):
    scores = {}
    for element, owner in zip(elements, owners.tolist(), strict=True):
        scores[owner] = max(scores.get(owner, -np.inf), dot_products(query[None], element[None])[0])
    return sorted(scores, key=lambda owner: (-scores[owner], owner))[:k], scores


def test_a_note_scores_as_its_best_element():
    rng = np.random.default_rng(1)
    queries, elements, owners = vectors(rng, 8, 12), vectors(rng, 400, 12), rng.integers(0, 60, 400)
    found = best_notes(queries, elements, owners, 10, Search(slack=0))
    for query, notes, scores in zip(queries, found.rows, found.scores, strict=True):
        wanted, score = by_hand(query, elements, owners, 10)
        assert notes.tolist() == wanted
        assert scores.tolist() == [score[note] for note in wanted]


def test_a_note_of_many_elements_does_not_hide_the_others():
    rng = np.random.default_rng(2)
    query = vectors(rng, 1, 8)
    elements = np.concatenate([np.repeat(query, 300, axis=0), vectors(rng, 20, 8) * 0.1])
    owners = np.concatenate([np.full(300, 5), np.arange(100, 120)])
    assert best_notes(query, elements, owners, 6, Search(slack=0)).rows[0].tolist() == by_hand(query[0], elements, owners, 6)[0]


def test_of_equal_notes_the_smaller_number_wins_wherever_its_element_lies():
    query = np.ones((1, 4), np.float32)
    elements, owners = np.ones((50, 4), np.float32), np.arange(50)[::-1]
    assert best_notes(query, elements, owners, 3, Search(slack=0)).rows[0].tolist() == [0, 1, 2]


def test_a_note_split_over_two_parts_counts_once():
    rng = np.random.default_rng(3)
    queries, elements, owners = vectors(rng, 6, 10), vectors(rng, 200, 10), rng.integers(0, 40, 200)
    whole = best_notes(queries, elements, owners, 7, Search())
    parts = [best_notes(queries, elements[a:b], owners[a:b], 7, Search()) for a, b in ((0, 3), (3, 90), (90, 200))]
    merged = merge_notes(parts, 7)
    assert (merged.rows == whole.rows).all() and (merged.scores == whole.scores).all()


def test_fewer_notes_than_asked_for_leave_places_empty():
    found = best_notes(np.ones((1, 2), np.float32), np.ones((3, 2), np.float32), np.array([4, 4, 9]), 3, Search())
    assert found.rows[0].tolist() == [4, 9, NO_ROW]


def test_notes_of_another_split_are_not_seen():
    rng = np.random.default_rng(4)
    queries, elements, owners = vectors(rng, 4, 6), vectors(rng, 60, 6), np.arange(60) // 3
    found = best_notes_by_group(queries, np.array([0, 1, 0, 1]), elements, owners % 2, owners, 4, Search())
    assert ((found.rows % 2) == np.array([[0], [1], [0], [1]])).all()


def test_a_pair_scores_as_the_search_does():
    rng = np.random.default_rng(5)
    queries, elements, owners = vectors(rng, 5, 6), vectors(rng, 20, 6), np.repeat(np.arange(5), 4)
    found = best_notes(queries, elements, owners, 5, Search())
    for note in range(5):
        scores = maxsim(queries, elements, np.full(5, 4 * note), np.full(5, 4 * note + 4))
        assert (scores == found.scores[found.rows == note]).sum() == 5
    assert np.isneginf(maxsim(queries[:1], elements, np.array([3]), np.array([3])))
