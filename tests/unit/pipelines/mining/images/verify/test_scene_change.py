"""A grained thing that stands in one of two photos makes another moment; what is drawn on a photo does not."""

import cv2
import numpy as np
import pytest
from PIL import Image, ImageDraw

from pipelines.mining.images.verify.other_content import content_change

SAME_PLACE = np.eye(3)
PLACE = slice(70, 150), slice(100, 170)
SHAPE = PLACE[0].stop - PLACE[0].start, PLACE[1].stop - PLACE[1].start


def view(seed):
    """Detail of all sizes, as in a photo."""
    random, photo = np.random.default_rng(seed), np.full((216, 288), 128, np.float32)
    for cell in (72, 36, 18, 9, 4):
        coarse = random.normal(0, 22, (216 // cell, 288 // cell)).astype(np.float32)
        photo += cv2.resize(coarse, (288, 216), interpolation=cv2.INTER_CUBIC)
    return np.clip(photo, 25, 230)


def with_a_thing(photo, thing):
    out = photo.copy()
    y, x = np.mgrid[-1 : 1 : SHAPE[0] * 1j, -1 : 1 : SHAPE[1] * 1j]
    out[PLACE] = np.where(x * x + y * y < 0.9, thing, out[PLACE])
    return out


def grained(seed):
    """A part of another photo, with its many levels."""
    return view(seed + 20)[40 : 40 + SHAPE[0], 60 : 60 + SHAPE[1]]


def change(a, b):
    return content_change(a, b, SAME_PLACE)


@pytest.mark.parametrize("seed", range(4))
def test_a_thing_that_has_come_in_is_another_moment_in_either_order(seed):
    photo = view(seed)
    other = with_a_thing(photo, grained(seed))
    assert change(photo, other).is_other_moment
    assert change(other, photo).is_other_moment
    assert change(photo, other).is_other_content


@pytest.mark.parametrize("seed", range(4))
def test_it_is_one_under_another_light_too_and_the_light_alone_is_none(seed):
    photo = view(seed)
    assert change(photo, with_a_thing(photo, grained(seed)) * 0.7 + 40).is_other_moment
    assert not change(photo, photo * 0.7 + 40).is_other_moment


@pytest.mark.parametrize("seed", range(4))
def test_a_plain_sticker_or_outlined_words_are_no_other_moment(seed):
    photo = view(seed)
    assert not change(photo, with_a_thing(photo, np.float32(200))).is_other_moment
    photo = photo * 0.5 + 64
    written = Image.fromarray(photo.astype(np.uint8))
    draw = ImageDraw.Draw(written)
    for line in range(3):
        draw.text((20, 40 + 40 * line), "SALE 50% OFF best", fill=255, font_size=22, stroke_width=1, stroke_fill=0)
    assert not change(photo, np.asarray(written, np.float32)).is_other_moment
