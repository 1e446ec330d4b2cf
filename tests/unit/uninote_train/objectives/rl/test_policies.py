import itertools
import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from uninote_train.objectives.losses.masked_softmax import log_softmax
from uninote_train.objectives.rl.policies import (
    clipped_policy_loss,
    item_softmax,
    kl_to_reference,
    lists_as_info_nce,
    log_ranking,
    positive_advantage,
    sample_rankings,
)


@given(st.lists(st.floats(-1, 1), min_size=1, max_size=7), st.integers(0, 7), st.floats(0.02, 1), st.integers(0, 2))
def test_the_control_is_cross_entropy_of_each_relevant_candidate_against_the_noise(cosines, relevant, tau, padding):
    relevant, size = min(relevant, len(cosines)), len(cosines)
    scores = torch.tensor([[*cosines, *[9.0] * padding]], dtype=torch.float64)
    is_candidate = torch.arange(size + padding)[None] < size
    loss, counts = lists_as_info_nce(scores, is_candidate, torch.tensor([relevant]), tau)
    assert counts.item() == (0 < relevant < size)
    if counts:
        noise = sum(math.exp(c / tau) for c in cosines[relevant:])
        expected = [math.log(math.exp(c / tau) + noise) - c / tau for c in cosines[:relevant]]
        assert loss.item() == pytest.approx(sum(expected) / relevant, abs=1e-9)


ALL_CANDIDATES = torch.ones(1, 4, dtype=torch.bool)


def slow_log_ranking(scores, ranking, tau):
    left, result = list(ranking), 0.0
    for candidate in ranking:
        result += scores[candidate] / tau - math.log(sum(math.exp(scores[c] / tau) for c in left))
        left.remove(candidate)
    return result


def test_a_rankings_probability_is_that_of_plain_python_and_all_of_them_add_up_to_one():
    scores = torch.tensor([[0.3, -0.2, 0.9, 0.1]], dtype=torch.float64)
    every = list(itertools.permutations(range(4)))
    result = log_ranking(scores, ALL_CANDIDATES, torch.tensor([every]), 0.5)[0]
    assert result.tolist() == pytest.approx([slow_log_ranking(scores[0].tolist(), r, 0.5) for r in every])
    assert result.exp().sum().item() == pytest.approx(1.0)


def test_what_is_not_there_changes_no_probability():
    scores = torch.tensor([[0.3, -0.2, 0.9, 5.0]])
    is_candidate = torch.tensor([[True, True, True, False]])
    result = log_ranking(scores, is_candidate, torch.tensor([[[2, 0, 1, 3]]]), 0.5)
    assert result.item() == pytest.approx(slow_log_ranking([0.3, -0.2, 0.9], [2, 0, 1], 0.5), rel=1e-5)


def test_rankings_are_drawn_as_often_as_they_are_probable():
    scores, draws = torch.tensor([[0.0, 0.5, 1.0]]), 40_000
    torch.manual_seed(0)
    gumbel = -torch.log(-torch.log(torch.rand(1, draws, 3)))
    is_candidate = ALL_CANDIDATES[:, :3]
    rankings = sample_rankings(scores, is_candidate, gumbel, 1.0)[0].tolist()
    for ranking in itertools.permutations(range(3)):
        share = rankings.count(list(ranking)) / draws
        assert share == pytest.approx(math.exp(slow_log_ranking(scores[0].tolist(), ranking, 1.0)), abs=0.01)


def test_candidates_that_are_not_there_are_drawn_last():
    is_candidate = torch.tensor([[True, False, True, False]])
    rankings = sample_rankings(torch.zeros(1, 4), is_candidate, torch.randn(1, 50, 4), 1.0)
    assert set(rankings[0, :, :2].flatten().tolist()) == {0, 2}


@pytest.mark.parametrize("policy", [item_softmax, positive_advantage])
def test_the_item_policies_pull_up_what_is_better_than_the_mean(policy):
    scores = torch.zeros(1, 4, requires_grad=True)
    advantage = torch.tensor([[1.5, 0.2, -0.5, -1.2]])
    policy(log_softmax(scores, ALL_CANDIDATES, 0.05), advantage).sum().backward()
    assert scores.grad[0, 0] < 0 < scores.grad[0, 3]
    if policy is item_softmax:  # the gradient is -A / tau where the advantages sum to zero
        torch.testing.assert_close(scores.grad, -advantage / 0.05)


def test_the_papers_objective_read_literally_has_no_gradient():
    """One log-probability of the list times advantages that sum to zero: peers.md, finding 2."""
    scores = torch.randn(1, 4, requires_grad=True)
    advantage = torch.tensor([[1.5, 0.2, -0.5, -1.2]])
    whole = log_ranking(scores, ALL_CANDIDATES, torch.tensor([[[0, 1, 2, 3]]]), 0.05)[0, 0]
    (-(advantage * whole).sum()).backward()
    torch.testing.assert_close(scores.grad, torch.zeros(1, 4), atol=1e-5, rtol=0)


def test_the_first_update_is_the_policy_gradient_and_a_far_one_is_clipped():
    new = torch.tensor([[-1.0, -2.0]], requires_grad=True)
    advantage = torch.tensor([[2.0, -1.0]])
    clipped_policy_loss(new, new.detach(), advantage, 0.2).sum().backward()
    torch.testing.assert_close(new.grad, -advantage / 2)
    new.grad = None
    clipped_policy_loss(new, new.detach() - 1.0, advantage, 0.2).sum().backward()  # rho = e: the good one has gone far enough
    assert new.grad[0, 0] == 0
    assert new.grad[0, 1] > 0


def test_the_distance_is_kl_and_nothing_at_the_start():
    now, before = torch.tensor([[0.3, -0.2, 0.9, 0.1]]), torch.tensor([[0.1, 0.0, 0.2, 0.4]])
    p, q = (torch.softmax(s / 0.5, 1) for s in (now, before))
    assert kl_to_reference(now, before, ALL_CANDIDATES, 0.5).item() == pytest.approx((p * (p / q).log()).sum().item(), rel=1e-5)
    assert kl_to_reference(now, now, ALL_CANDIDATES, 0.5).item() == pytest.approx(0.0, abs=1e-7)
