"""The extrema of a picture against a search of all 26 neighbours, place by place."""

from itertools import pairwise, product

import cv2
import numpy as np

from pipelines.mining.images.fingerprint.dog_pyramid import LEVELS, RIM, extrema, pyramid

MIN_CONTRAST = 0.7


def picture(width: int, height: int) -> np.ndarray:
    """Discs of many sizes: each is an extremum at a scale of its own."""
    rng = np.random.default_rng(7)
    grey = np.full((height, width), 128, np.uint8)
    for _ in range(120):
        place = int(rng.integers(width)), int(rng.integers(height))
        cv2.circle(grey, place, int(rng.integers(1, 8)), int(rng.integers(256)), cv2.FILLED)
    return grey


def slow(gaussians: list[np.ndarray]) -> list[tuple[float, ...]]:
    """x, y, level and eleven differences, as `extrema` says."""
    differences = np.stack([after - before for before, after in pairwise(gaussians)])
    size = np.abs(differences)
    _, height, width = size.shape
    result = []
    for level, y, x in product(range(1, LEVELS + 1), range(RIM, height - RIM), range(RIM, width - RIM)):
        block = size[level - 1 : level + 2, y - 1 : y + 2, x - 1 : x + 2]
        if size[level, y, x] < max(block.max(), np.float32(MIN_CONTRAST)):
            continue
        own = differences[level]
        places = [(0, 0), (0, -1), (0, 1), (-1, 0), (1, 0), (1, 1), (1, -1), (-1, 1), (-1, -1)]
        around = [own[y + down, x + right] for down, right in places]
        result.append((x, y, level, differences[level - 1, y, x], differences[level + 1, y, x], *around))
    return result


def test_all_extrema_are_found_and_no_other():
    octaves = pyramid(picture(131, 97), 4)
    expected = [np.array(slow(octave.gaussians), np.float32).reshape(-1, 14) for octave in octaves]
    assert len(expected[0]) > 20
    for octave, rows in zip(octaves, expected, strict=True):
        np.testing.assert_array_equal(extrema(octave, MIN_CONTRAST).T, rows)


def test_octaves_halve_until_nothing_is_left_to_search():
    shapes = [octave.gaussians[0].shape for octave in pyramid(picture(61, 47), 4)]
    assert shapes == [(47, 61), (24, 31), (12, 16)]
    assert pyramid(picture(40, 11), 4) == []
