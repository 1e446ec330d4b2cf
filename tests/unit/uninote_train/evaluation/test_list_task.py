"""Ranking lists as a task, and the order within one."""

import math

import numpy as np
import pytest

from testkit.training_shards import rl_row
from uninote_train.evaluation.list_task import ORDER, order_of, read_lists


def test_all_relevant_candidates_of_a_list_are_its_right_answers_and_all_lists_its_gallery():
    rows = [rl_row(n, 8, n) for n in range(8)]
    lists = read_lists(rows)
    assert lists == read_lists(rows[::-1])
    assert len(lists.ranked) == 8 and len(lists.split.pairs) == 16
    first = lists.ranked[0]
    assert {p.positive for p in lists.split.pairs if p.query == first.query} == set(first.candidates[:2])
    assert set(lists.split.items) == {i for one in lists.ranked for i in (one.query, *one.candidates)}


def plain(scores, relevant):
    right, noise = scores[:relevant], scores[relevant:]
    above = [a > b for a in right for b in noise]
    order = [right[i] > right[j] for i in range(len(right)) for j in range(i + 1, len(right))]
    return [float(max(right) > max(noise)), sum(above) / len(above), sum(order) / len(order) if order else math.nan]


@pytest.mark.parametrize(
    "scores, relevant",
    [
        ([0.9, 0.8, 0.7, 0.1], 3),
        ([0.1, 0.8, 0.7, 0.9], 3),
        ([0.5, 0.5, 0.5], 2),
        ([0.5, 0.4], 1),
        ([0.3, 0.9, 0.2, 0.6, 0.4], 2),
    ],
)
def test_the_order_within_a_list_is_that_of_its_pairs(scores, relevant):
    metrics = order_of([np.array(scores)], [relevant])[0]
    assert dict(zip(ORDER, metrics, strict=True)) == pytest.approx(
        dict(zip(ORDER, plain(scores, relevant), strict=True)), nan_ok=True
    )


def test_a_candidate_without_a_vector_is_in_no_order():
    first, before, order = order_of([np.array([np.nan, 0.5, 0.4])], [2])[0]
    assert (first, before, order) == (1, 0.5, 0)
