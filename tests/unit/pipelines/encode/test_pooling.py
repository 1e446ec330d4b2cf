import numpy as np
import pytest
import torch

from pipelines.encode.pooling import pool, positions, unit
from pipelines.models.padding import mask_of

ROWS = [np.array([5, 6, 7]), np.array([8]), np.array([9, 4])]


@pytest.mark.parametrize("side", ["left", "right"])
@pytest.mark.parametrize("how", ["last", "mean", "cls"])
def test_pools_what_a_loop_over_unpadded_rows_pools(side, how):
    states = [torch.randn(len(r), 4, generator=torch.Generator().manual_seed(len(r))) for r in ROWS]
    filled = torch.full((3, 3, 4), 99.0)
    for n, s in enumerate(states):
        start = 3 - len(s) if side == "left" else 0
        filled[n, start : start + len(s)] = s
    wanted = torch.stack([{"last": s[-1], "mean": s.mean(0), "cls": s[0]}[how] for s in states])
    assert torch.allclose(pool(filled, mask_of(ROWS, side), how), wanted, atol=1e-6)


def test_a_tower_has_no_tokens_to_pool():
    with pytest.raises(ValueError, match="pooling is 'tower', expected last, mean or cls"):
        pool(torch.zeros(1, 1, 2), torch.ones(1, 1), "tower")


@pytest.mark.parametrize("side", ["left", "right"])
def test_counts_positions_from_the_first_token(side):
    mask = mask_of(ROWS, side)
    assert [positions(mask)[n][mask[n].bool()].tolist() for n in range(3)] == [[0, 1, 2], [0], [0, 1]]


def test_a_cut_vector_is_of_unit_length_again():
    found = unit(torch.tensor([[3.0, 4.0, 12.0]]), 2)
    assert np.allclose(found, [[0.6, 0.8]])
    assert found.dtype == np.float32
