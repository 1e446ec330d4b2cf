import math

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st

from uninote_train.objectives.losses.info_nce import info_nce
from uninote_train.objectives.losses.matryoshka import truncate_dimensions, usable


def slow(scores, candidates, negatives, tau, margin):
    """One row at a time, the set of what is compared written out."""
    losses = []
    for row, own, free in zip(scores, candidates, negatives, strict=True):
        best = row[own[0]]
        documents = {d for d, ok in enumerate(free) if ok and (margin is None or row[d] <= best + margin)}
        documents |= {c for c in own if c >= 0}
        losses.append(-math.log(math.exp(best / tau) / sum(math.exp(row[d] / tau) for d in documents)))
    return losses


@st.composite
def batches(draw):
    """Cosines [b, d], columns of each row's candidates (the positive first, -1 where there is none), who may be a negative."""
    rows, documents, own = draw(st.integers(1, 4)), draw(st.integers(2, 8)), draw(st.integers(1, 4))
    scores = [draw(st.lists(st.floats(-1, 1), min_size=documents, max_size=documents)) for _ in range(rows)]
    column = st.integers(0, documents - 1)
    candidates = [[draw(column), *draw(st.lists(column | st.just(-1), min_size=own, max_size=own))] for _ in range(rows)]
    free = [draw(st.lists(st.booleans(), min_size=documents, max_size=documents)) for _ in range(rows)]
    return scores, candidates, free


@given(batches(), st.floats(0.05, 2), st.none() | st.floats(-0.5, 0.5))
def test_is_that_of_plain_python(batch, temperature, margin):
    scores, candidates, free = batch
    tensors = torch.tensor(scores, dtype=torch.float64), torch.tensor(candidates), torch.tensor(free)
    losses = info_nce(*tensors, temperature=temperature, margin=margin)
    assert losses.tolist() == pytest.approx(slow(*batch, temperature, margin), abs=1e-9)


def test_with_all_documents_it_is_cross_entropy():
    scores = torch.randn(4, 7)
    candidates = torch.tensor([[0], [3], [2], [6]])
    losses = info_nce(scores, candidates, torch.ones(4, 7, dtype=torch.bool), temperature=0.05, margin=None)
    torch.testing.assert_close(losses, F.cross_entropy(scores / 0.05, candidates[:, 0], reduction="none"))


def test_a_masked_document_has_no_gradient_and_a_rows_own_rule_negative_has():
    scores = torch.tensor([[0.5, 0.4, 0.45]], requires_grad=True)
    negatives = torch.tensor([[False, False, False]])  # 1 is the note without the part, 2 another note of the component
    info_nce(scores, torch.tensor([[0, 1]]), negatives, temperature=0.1, margin=None).sum().backward()
    assert scores.grad[0, 2] == 0
    assert scores.grad[0, 1] > 0


def test_matryoshka_brings_the_first_dimensions_to_unit_length():
    vectors = F.normalize(torch.randn(3, 8), dim=-1)
    assert truncate_dimensions(vectors, 8) is vectors
    torch.testing.assert_close(truncate_dimensions(vectors, 4).norm(dim=-1), torch.ones(3))
    torch.testing.assert_close(truncate_dimensions(vectors, 4), vectors[:, :4] / vectors[:, :4].norm(dim=-1, keepdim=True))


def test_dimensions_that_a_model_does_not_have_are_left_out_and_the_whole_vector_is_always_trained():
    assert usable((4096, 64, 512, 64), 512) == (64, 512)
    assert usable((64, 512, 1024, 4096), 256) == (64, 256)
    assert usable((512,), 64) == (64,)
