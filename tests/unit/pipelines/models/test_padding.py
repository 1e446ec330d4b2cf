import numpy as np
import pytest

from pipelines.models.padding import joined, mask_of, padded

ROWS = [np.array([5, 6, 7]), np.array([8]), np.array([9, 4])]


@pytest.mark.parametrize("side", ["left", "right"])
def test_pads_on_the_side_that_is_asked_for(side):
    found, mask = padded(ROWS, 0, side).tolist(), mask_of(ROWS, side).tolist()
    assert found[1] == ([0, 0, 8] if side == "left" else [8, 0, 0])
    assert mask[2] == ([0, 1, 1] if side == "left" else [1, 1, 0])


def test_fills_up_pictures_with_fewer_tiles():
    few, many = np.ones((1, 2, 3, 4, 4)), np.ones((2, 5, 3, 4, 4))
    found = joined([{"pixel_values": few}, {}, {"pixel_values": many}], "pixel_values")
    assert found.shape == (3, 5, 3, 4, 4)
    assert found[0, 2:].abs().sum() == 0
    assert joined([{}], "pixel_values") is None
