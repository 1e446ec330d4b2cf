import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.region import pixel_box
from small_encoder.pixels import crop, shrink_to_area

fractions = st.floats(-0.5, 1.5)
sides = st.integers(1, 4096)


@given(st.tuples(fractions, fractions, fractions, fractions), sides, sides)
def test_a_box_lies_in_its_picture_and_is_the_region_to_half_a_pixel(region, width, height):
    x0, y0, x1, y1 = (min(max(v, 0.0), 1.0) for v in region)
    box = pixel_box(region, width, height)
    if x1 <= x0 or y1 <= y0:
        assert box is None
        return
    assert 0 <= box.left < box.right <= width and 0 <= box.top < box.bottom <= height
    for low, high, start, end, side in ((x0, x1, box.left, box.right, width), (y0, y1, box.top, box.bottom, height)):
        assert abs(start - low * side) <= 0.5 or start == side - 1
        assert abs(end - high * side) <= 0.5 or end == start + 1


@given(sides, sides)
def test_the_whole_picture_is_its_own_box(width, height):
    assert pixel_box((0, 0, 1, 1), width, height) == (0, 0, width, height)


@pytest.mark.parametrize("region", [(0.5, 0, 0.5, 1), (0.6, 0, 0.5, 1), (1.0, 0, 1.2, 1), (float("nan"), 0, 1, 1)])
def test_a_region_without_an_area_has_no_box(region):
    assert pixel_box(region, 100, 100) is None
    assert crop(np.zeros((100, 100, 3), np.uint8), region) is None


@given(st.tuples(fractions, fractions, fractions, fractions), st.integers(1, 40), st.integers(1, 40))
def test_a_crop_is_the_view_that_the_box_says(region, width, height):
    pixels = np.arange(height * width * 3, dtype=np.uint32).astype(np.uint8).reshape(height, width, 3)
    box, part = pixel_box(region, width, height), crop(pixels, region)
    if box is None:
        assert part is None
    else:
        assert np.shares_memory(part, pixels)
        assert np.array_equal(part, pixels[box.top : box.bottom, box.left : box.right])


@given(st.integers(1, 60), st.integers(1, 60), st.floats(1, 4000))
def test_a_shrunk_picture_has_at_most_the_pixels_that_were_allowed(width, height, most):
    pixels = np.zeros((height, width, 3), np.uint8)
    small = shrink_to_area(pixels, most)
    if width * height <= most:
        assert small is pixels
    else:
        assert small.dtype == np.uint8
        assert small.shape[0] * small.shape[1] <= max(most, width, height)
