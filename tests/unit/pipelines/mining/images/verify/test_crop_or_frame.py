import cv2
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from pipelines.mining.images.verify.crop_or_frame import Region, is_framed, placement
from tests.unit.pipelines.mining.images.scenes import scene

SHARES = st.floats(0, 0.45)


@given(x0=SHARES, y0=SHARES, width=st.floats(0.2, 0.5), height=st.floats(0.2, 0.5))
@settings(max_examples=100, deadline=None)
def test_a_planted_box_is_placed_where_it_was_cut(x0, y0, width, height):
    target, source = (120, 160), (60, 90)
    to_source = np.array([[90 / (160 * width), 0, 0], [0, 60 / (120 * height), 0], [0, 0, 1.0]])
    to_source[0, 2] = -0.5 - to_source[0, 0] * (160 * x0 - 0.5)
    to_source[1, 2] = -0.5 - to_source[1, 1] * (120 * y0 - 0.5)
    result = placement(source, target, to_source)
    assert np.allclose(result.region, (x0, y0, x0 + width, y0 + height), atol=1e-6)
    assert abs(result.target_covered - width * height) < 1e-3
    assert result.source_covered > 0.999


@given(shift=st.tuples(st.floats(-0.9, 0.9), st.floats(-0.9, 0.9)))
@settings(max_examples=60, deadline=None)
def test_what_hangs_over_the_edge_is_not_covered(shift):
    size = (100, 100)
    to_source = np.array([[1, 0, 100 * shift[0]], [0, 1, 100 * shift[1]], [0, 0, 1.0]])
    common = (1 - abs(shift[0])) * (1 - abs(shift[1]))
    result = placement(size, size, to_source)
    assert abs(result.source_covered - common) < 1e-3
    assert 0 <= min(result.region) <= max(result.region) <= 1


BOXES = st.tuples(st.floats(0.05, 0.3), st.floats(0.05, 0.3), st.floats(0.6, 0.9), st.floats(0.6, 0.9))


@given(seed=st.integers(0, 40), box=BOXES, level=st.sampled_from([0, 10, 250, 255]))
@settings(max_examples=40, deadline=None)
def test_a_plain_border_is_a_frame_and_more_scene_is_not(seed, box, level):
    picture = scene(seed, 160, 120).astype(np.float32)
    region = Region(*box)
    covered = (box[2] - box[0]) * (box[3] - box[1])
    assume(covered < 0.8)
    assert not is_framed(picture, region, covered)
    inside = np.zeros((120, 160), dtype=bool)
    inside[round(box[1] * 120) : round(box[3] * 120), round(box[0] * 160) : round(box[2] * 160)] = True
    framed = np.where(inside[:, :, None], picture, np.float32(level))
    assert is_framed(framed, region, covered)


MIDDLE = Region(0.0, 0.25, 1.0, 0.75)


def strip(seed):
    """[60, 160, 3] a photo with as much detail as a thumbnail has."""
    return cv2.resize(scene(seed), (160, 60), interpolation=cv2.INTER_AREA).astype(np.float32)


def put_in_the_middle(ground, seed):
    out = ground.copy()
    out[30:90] = strip(seed)
    return out


@pytest.mark.parametrize("seed", range(6))
def test_the_picture_itself_blurred_is_a_frame_and_other_pictures_are_a_collage(seed):
    own = cv2.resize(strip(seed), (160, 120))
    assert is_framed(put_in_the_middle(cv2.GaussianBlur(own, (0, 0), 8), seed), MIDDLE, 0.5)
    others = np.vstack([strip(seed + 20), strip(seed + 40)])
    assert not is_framed(put_in_the_middle(others, seed), MIDDLE, 0.5)


def page(seed):
    """Lines of words on white, some a heading in a plain box."""
    image = Image.new("RGB", (160, 120), (250, 250, 250))
    for line in range(10):
        ImageDraw.Draw(image).text((6, 2 + 12 * line), "words that stand there" + str(seed), fill=(30, 30, 40), font_size=8)
    return np.asarray(image, np.float32)


@pytest.mark.parametrize("seed", range(3))
def test_a_photo_on_a_page_is_framed_by_it_and_a_piece_of_the_page_is_not(seed):
    assert is_framed(put_in_the_middle(page(seed), seed), MIDDLE, 0.5)
    assert not is_framed(page(seed), MIDDLE, 0.5)


def test_margins_that_are_not_even_are_more_of_the_white_ground():
    picture = np.full((160, 160, 3), 255, np.float32)
    picture[40:120, 50:110] = scene(1, 60, 80)
    assert is_framed(picture, Region(0.12, 0.12, 0.88, 0.88), 0.58)
    assert not is_framed(picture, Region(0.12, 0.13, 0.89, 0.90), 0.59)
