"""Against plain Python: no tensors, no logarithms of sums."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from uninote_train.objectives.losses.divergence import symmetric_kl, true_js
from uninote_train.objectives.losses.masked_softmax import label_masks, log_softmax


def softmax(scores, temperature):
    raised = [math.exp(s / temperature) for s in scores]
    return [r / sum(raised) for r in raised]


def slow_kl(p, q):
    return sum(a * math.log(a / b) for a, b in zip(p, q, strict=True) if a > 0)


def both(scores, labels, tau):
    is_candidate = torch.ones(1, len(scores), dtype=torch.bool)
    return (log_softmax(torch.tensor([v], dtype=torch.float64), is_candidate, tau) for v in (scores, labels))


@given(st.integers(2, 6).flatmap(lambda n: st.tuples(*[st.lists(st.floats(-1, 1), min_size=n, max_size=n)] * 2)))
def test_both_divergences_are_those_of_plain_python(pair):
    scores, labels = pair
    p, q = softmax(scores, 0.1), softmax(labels, 0.1)
    middle = [(a + b) / 2 for a, b in zip(p, q, strict=True)]
    assert symmetric_kl(*both(scores, labels, 0.1)).item() == pytest.approx((slow_kl(p, q) + slow_kl(q, p)) / 2, abs=1e-9)
    assert true_js(*both(scores, labels, 0.1)).item() == pytest.approx((slow_kl(p, middle) + slow_kl(q, middle)) / 2, abs=1e-9)


def test_the_two_are_not_the_same_and_only_one_is_bounded():
    apart = both([1.0, -1.0], [-1.0, 1.0], 0.02)
    log_p, log_q = apart
    assert true_js(log_p, log_q).item() == pytest.approx(math.log(2), abs=1e-6)
    assert symmetric_kl(log_p, log_q).item() == pytest.approx(100.0, rel=1e-6)


@pytest.mark.parametrize("divergence", [symmetric_kl, true_js])
def test_what_is_masked_changes_neither_value_nor_gradient(divergence):
    scores, labels = torch.tensor([[0.3, 0.2, 0.9]], requires_grad=True), torch.tensor([[0.5, 0.1, 0.8]])
    is_candidate = torch.tensor([[True, True, False]])
    masked = divergence(log_softmax(scores, is_candidate, 0.02), log_softmax(labels, is_candidate, 0.02))
    all_candidates = torch.ones(1, 2, dtype=torch.bool)
    alone = divergence(log_softmax(scores[:, :2], all_candidates, 0.02), log_softmax(labels[:, :2], all_candidates, 0.02))
    torch.testing.assert_close(masked, alone)
    masked.sum().backward()
    assert scores.grad[0, 2] == 0
    assert torch.isfinite(scores.grad).all()
    assert scores.grad[0, :2].abs().sum() > 0


def test_a_row_without_a_label_of_its_positive_does_not_count():
    nan = float("nan")
    labels = torch.tensor([[0.9, 0.2, nan], [nan, 0.2, 0.1], [0.9, nan, nan], [0.9, 0.1, 0.2]])
    is_candidate = torch.tensor([[True] * 3] * 3 + [[True, False, False]])
    labelled, rows = label_masks(labels, is_candidate)
    assert rows.tolist() == [True, False, False, False]
    assert labelled.tolist() == [[True, True, False], [True] * 3, [True] * 3, [True, False, False]]
