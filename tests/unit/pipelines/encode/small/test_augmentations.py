from random import Random

import numpy as np
import pytest

from pipelines.encode.small.augmentations import mild, strong
from pipelines.encode.small.dead_leaves import dead_leaves
from tests.unit.pipelines.encode.pixels import picture


@pytest.mark.parametrize("draw", [mild, strong])
def test_a_copy_is_a_square_of_bytes_and_the_same_each_time(draw):
    for seed in range(60):
        found = draw(picture(seed, 120, 90), 48, Random(seed))
        assert found.shape == (48, 48, 3) and found.dtype == np.uint8
        assert np.array_equal(found, draw(picture(seed, 120, 90), 48, Random(seed)))


def test_a_mild_copy_keeps_left_and_right_and_colours():
    halves = np.zeros((100, 100, 3), np.uint8)
    halves[:, :50] = (220, 40, 40)
    halves[:, 50:] = (40, 40, 220)
    for seed in range(50):
        found = mild(halves, 48, Random(seed)).astype(int)
        assert found[:, 4:12, 0].mean() > found[:, 4:12, 2].mean() + 60
        assert found[:, 36:44, 2].mean() > found[:, 36:44, 0].mean() + 60


def test_a_copy_leaves_the_picture_as_it_was():
    before = picture(1, 60, 60)
    after = before.copy()
    for seed in range(40):
        strong(after, 60, Random(seed))
    assert np.array_equal(before, after)


def test_a_strong_copy_is_nearer_to_its_picture_than_to_another_in_most_cases():
    shown = [picture(seed, 96, 96).astype(np.float32) for seed in range(40)]
    near = 0
    for seed, one in enumerate(shown):
        copy = strong(one.astype(np.uint8), 96, Random(seed), smallest=0.8).astype(np.float32)
        distances = [np.abs(copy - other).mean() for other in shown]
        near += int(np.argmin(distances)) == seed
    assert near >= 20


def test_leaves_are_different_pictures_and_the_same_each_time():
    found = [dead_leaves(64, Random(seed)) for seed in range(8)]
    assert all(f.shape == (64, 64, 3) and f.dtype == np.uint8 for f in found)
    assert np.array_equal(found[3], dead_leaves(64, Random(3)))
    assert min(np.abs(a.astype(int) - b).mean() for n, a in enumerate(found) for b in found[:n]) > 3
