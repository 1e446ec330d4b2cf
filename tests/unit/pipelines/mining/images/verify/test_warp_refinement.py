import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.mining.images.verify.aligned_cells import corners
from pipelines.mining.images.verify.warp_refinement import covered, refined, resizing, warped
from tests.unit.pipelines.mining.images.scenes import scene


def grey(seed: int) -> np.ndarray:
    picture = cv2.cvtColor(scene(seed, 160, 120), cv2.COLOR_RGB2GRAY)
    return cv2.GaussianBlur(picture.astype(np.float32), (0, 0), 1.0)


def error(result: np.ndarray, expected: np.ndarray) -> float:
    """Largest distance, in pixels, between where the two put the corners of a target of 80 x 60."""
    return float(np.abs(corners((60, 80), result) - corners((60, 80), expected)).max())


@given(
    shift=st.tuples(st.floats(-1.5, 1.5), st.floats(-1.5, 1.5)), scale=st.floats(0.98, 1.02), angle=st.floats(-1.0, 1.0),
    bend=st.tuples(st.floats(-2e-4, 2e-4), st.floats(-2e-4, 2e-4)), seed=st.integers(0, 30),
)  # fmt: skip
@settings(max_examples=40, deadline=None)
def test_refinement_finds_the_planted_map(shift, scale, angle, bend, seed):
    c, s = scale * np.cos(np.radians(angle)), scale * np.sin(np.radians(angle))
    start = np.array([[1, 0, 40], [0, 1, 30], [0, 0, 1.0]])
    planted = start @ np.array([[c, -s, shift[0]], [s, c, shift[1]], [*bend, 1]])
    source = grey(seed)
    target = warped(source, planted, (60, 80)) * 0.7 + 25  # another light
    target[5:25, 10:30] = 250  # and a sticker
    result = refined(source, target, start, 12)
    assert error(result, planted) < 0.8


def test_refinement_leaves_what_is_right():
    start = np.array([[1, 0, 40], [0, 1, 30], [0, 0, 1.0]])
    source = grey(1)
    assert error(refined(source, warped(source, start, (60, 80)), start, 4), start) < 0.02


@pytest.mark.parametrize(("before", "after"), [((120, 160), (60, 80)), ((120, 160), (31, 55)), ((7, 9), (70, 90))])
def test_resizing_maps_corners_to_corners(before, after):
    result = corners(before, resizing(before, after))
    assert np.allclose(result, corners(after, np.eye(3)))


def test_resizing_agrees_with_the_resize_of_opencv():
    ramp = np.tile(np.arange(160, dtype=np.float32), (120, 1))
    small = cv2.resize(ramp, (40, 30), interpolation=cv2.INTER_AREA)
    back = np.linalg.inv(resizing((120, 160), (30, 40)))
    assert np.allclose(small[0], [(back @ (x, 0, 1))[0] for x in range(40)])


def test_covered_is_where_the_source_lies():
    shift = np.array([[1, 0, -10], [0, 1, -20], [0, 0, 1.0]])  # the source begins at x 10, y 20 of the target
    mask = covered((30, 40), shift, (100, 100))
    assert mask[20:50, 10:50].all()
    assert mask.sum() == 30 * 40
