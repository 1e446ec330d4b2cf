"""The reward against a slow reading of method.md, section 7, one candidate at a time."""

import itertools

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from uninote_train.objectives.rl.reward import Reward, advantages, in_perfect_order, ranks, reward_terms, variance_shares


def slow_reward(ranking, relevant, w):
    """Of each candidate of `ranking` (true places from 0, best first), by true place."""
    size, rewards_by_candidate = len(ranking), {}
    for i, candidate in enumerate(ranking, 1):
        if candidate >= relevant:
            hurts = any(other < relevant for other in ranking[i:])
            rewards_by_candidate[candidate] = w.penalty * (1 + (size - i) / size) if hurts else 0.0
            continue
        absolute = 1 - abs(i - (candidate + 1)) / size
        others = [o for o in range(relevant) if o != candidate]
        right = [o for o in others if (ranking.index(o) < ranking.index(candidate)) == (o < candidate)]
        relative = len(right) / len(others) if others else 1.0
        rewards_by_candidate[candidate] = w.base * relevant + w.absolute * absolute + w.relative * relative
    return [rewards_by_candidate[c] for c in range(size)]


def fast_reward(ranking, relevant, w, padding=0):
    size = len(ranking)
    scores = torch.full((1, size + padding), 9.0)
    for place, candidate in enumerate(ranking):
        scores[0, candidate] = -float(place)
    is_candidate = torch.arange(size + padding)[None] < size
    terms = reward_terms(ranks(scores, is_candidate), is_candidate, torch.tensor([relevant]), w)
    return terms.sum(0)[0].tolist()


WEIGHTS = st.builds(Reward, penalty=st.floats(-9, 0), base=st.floats(0, 5), absolute=st.floats(0, 5), relative=st.floats(0, 5))


@given(st.integers(1, 7).flatmap(lambda n: st.tuples(st.permutations(range(n)), st.integers(0, n))), WEIGHTS, st.integers(0, 3))
def test_is_that_of_plain_python(case, weights, padding):
    ranking, relevant = case
    rewards_by_candidate = fast_reward(list(ranking), relevant, weights, padding)
    assert rewards_by_candidate[: len(ranking)] == pytest.approx(slow_reward(list(ranking), relevant, weights), abs=1e-4)
    assert rewards_by_candidate[len(ranking) :] == [0.0] * padding


@given(st.integers(1, 6).flatmap(lambda n: st.tuples(st.permutations(range(n)), st.integers(0, n))), st.integers(0, 2))
def test_a_perfect_order_has_the_relevant_ones_first_and_in_order_and_the_highest_reward(case, padding):
    ranking, relevant = list(case[0]), case[1]
    scores = torch.full((1, len(ranking) + padding), 9.0)
    for place, candidate in enumerate(ranking):
        scores[0, candidate] = -float(place)
    is_candidate = torch.arange(len(ranking) + padding)[None] < len(ranking)
    perfect = in_perfect_order(ranks(scores, is_candidate), is_candidate, torch.tensor([relevant])).item()
    assert perfect == (ranking[:relevant] == list(range(relevant)))
    best = max(sum(slow_reward(list(other), relevant, Reward())) for other in itertools.permutations(ranking))
    if perfect:
        assert sum(slow_reward(ranking, relevant, Reward())) == pytest.approx(best)


def test_by_hand():
    """Truth a b | n: n above both. n: -5 (1 + 2/3). a at rank 2: 6 + (1 - 1/3) + 1. b at rank 3: 6 + (1 - 1/3) + 1."""
    rewards_by_candidate = fast_reward([2, 0, 1], 2, Reward())
    assert rewards_by_candidate == pytest.approx([6 + 2 / 3 + 1, 6 + 2 / 3 + 1, -5 * (1 + 2 / 3)])


def test_the_true_order_has_the_highest_sum():
    every = {r: sum(fast_reward(list(r), 3, Reward())) for r in itertools.permutations(range(5))}
    assert max(every, key=every.get)[:3] == (0, 1, 2)
    assert min(every, key=every.get)[:2] in ((3, 4), (4, 3))


def test_the_order_of_the_relevant_ones_hardly_counts_in_the_papers_weights():
    """peers.md, finding 3: 6 of 10 relevant, reversed: their advantages move by some 2 % of the range."""
    right, reversed_ = (fast_reward([*order, 6, 7, 8, 9], 6, Reward()) for order in (range(6), range(5, -1, -1)))
    is_candidate = torch.ones(1, 10, dtype=torch.bool)
    a, b = (advantages(torch.tensor([r]), is_candidate)[0][0] for r in (right, reversed_))
    rows_to = (a[:6] - b[:6]).abs().max() / (a.max() - a.min())
    assert 0.001 < rows_to < 0.03
    heavy = Reward(relative=30.0)
    lost = sum(fast_reward([*range(6), 6, 7, 8, 9], 6, heavy)) - sum(fast_reward([*range(5, -1, -1), 6, 7, 8, 9], 6, heavy))
    assert lost > 100


def test_equal_scores_are_ranked_as_badly_as_they_may_be():
    is_candidate = torch.tensor([[True, True, True, False]])
    assert ranks(torch.zeros(1, 4), is_candidate).tolist() == [[3, 2, 1, 4]]


def test_a_group_whose_rewards_are_equal_is_told_and_advantages_sum_to_nothing():
    is_candidate = torch.tensor([[True, True, True, False], [True, True, False, False]])
    rewards_by_candidate, varied = advantages(torch.tensor([[1.0, 2.0, 6.0, 0.0], [3.0, 3.0, 0.0, 0.0]]), is_candidate)
    assert varied.tolist() == [True, False]
    torch.testing.assert_close(rewards_by_candidate.sum(1), torch.zeros(2), atol=1e-6, rtol=0)
    assert rewards_by_candidate[0, :3].std(correction=0).item() == pytest.approx(1.0, abs=1e-3)
    assert rewards_by_candidate[0, 3] == 0


def test_shares_add_up_and_are_the_covariances_of_numpy():
    import numpy as np

    terms = torch.rand(4, 3, 6)
    is_candidate = torch.ones(3, 6, dtype=torch.bool)
    rewards_by_candidate = variance_shares(terms, is_candidate)
    assert rewards_by_candidate[:4].sum().item() == pytest.approx(rewards_by_candidate[4].item(), rel=1e-5)
    total = terms.sum(0)
    by_numpy = sum(np.cov(terms[1, n].numpy(), total[n].numpy(), bias=True)[0, 1] * 6 for n in range(3))
    assert rewards_by_candidate[1].item() == pytest.approx(by_numpy, rel=1e-4)
