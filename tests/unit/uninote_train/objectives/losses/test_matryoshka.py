"""A prefix is brought to unit length, and one without a direction pulls no harder than the others can bear."""

import hypothesis.strategies as st
import pytest
import torch
from hypothesis import given

from uninote_train.objectives.losses.matryoshka import truncate_dimensions


def unit(*rows):
    return torch.nn.functional.normalize(torch.tensor(rows, dtype=torch.float32), dim=-1)


def pull(vectors, dimensions):
    """The gradient of the similarities of all prefixes."""
    leaf = vectors.clone().requires_grad_()
    short = truncate_dimensions(leaf, dimensions)
    (short @ short.detach().roll(1, 0).T).sum().backward()
    return leaf.grad


def test_a_prefix_has_unit_length_and_its_direction():
    vectors = unit([3.0, 4.0, 0.0, 12.0], [0.1, 0.0, 5.0, 5.0])
    torch.testing.assert_close(truncate_dimensions(vectors, 2), torch.tensor([[0.6, 0.8], [1.0, 0.0]]))
    assert truncate_dimensions(vectors, 4) is vectors


@pytest.mark.parametrize("tiny", [0.0, 1e-30, 1e-9, 1e-4])
def test_a_prefix_of_zeros_does_not_outweigh_the_batch(tiny):
    others = unit(*torch.randn(7, 16, generator=torch.manual_seed(0)).tolist())
    alone = pull(others, 4).norm()
    empty = unit([tiny, 0.0, 0.0, 0.0, *[1.0] * 12])
    both = pull(torch.cat([others, empty]), 4)
    assert torch.isfinite(both).all()
    assert both[-1].norm() < 100 * alone


@given(st.lists(st.floats(-1, 1, width=32), min_size=6, max_size=6).filter(lambda row: any(abs(v) > 1e-3 for v in row)))
def test_no_prefix_is_longer_than_one_nor_pulls_more_than_a_hundredfold(row):
    vectors = unit(row)
    assert truncate_dimensions(vectors, 3).norm() <= 1 + 1e-5
    leaf = vectors.clone().requires_grad_()
    truncate_dimensions(leaf, 3).sum().backward()
    assert leaf.grad.norm() <= 100 * 3**0.5 + 1e-3
