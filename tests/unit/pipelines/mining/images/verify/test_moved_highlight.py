"""A highlight that moved from one button to another makes other content; one sticker, or two, do not."""

import numpy as np
import pytest
from PIL import Image, ImageDraw

from pipelines.mining.images.verify.other_content import content_change

SIDE = 36


def window(chosen, light=40, covering=False):
    """A toolbox of 6 x 4 buttons with an icon each; the chosen one has another ground, or is covered."""
    image = Image.new("L", (216, 144), 190)
    draw = ImageDraw.Draw(image)
    for k in range(24):
        x, y = k % 6 * SIDE, k // 6 * SIDE
        box = (x + 2, y + 2, x + SIDE - 3, y + SIDE - 3)
        if k == chosen and not covering:
            draw.rectangle(box, fill=190 + light)
        for line in range(3):
            draw.line((x + 8, y + 9 + 8 * line, x + 14 + (k * 7 + line * 5) % 14, y + 9 + (k * 3 + line) % 9 + 6 * line), 30, 3)
        if k == chosen and covering:
            draw.rectangle(box, fill=190 + light)
    return np.asarray(image, np.float32)


def is_other(a, b):
    return content_change(a, b, np.eye(3)).is_other_content


@pytest.mark.parametrize(("one", "other"), [(2, 15), (0, 23), (7, 10)])
@pytest.mark.parametrize("light", [40, -60])
def test_a_highlight_that_moved_is_other_content(one, other, light):
    assert is_other(window(one, light), window(other, light))


def test_the_same_highlight_is_not():
    assert not is_other(window(2), window(2))


@pytest.mark.parametrize("light", [40, -60])
def test_stickers_at_two_places_are_none_since_they_hide_the_icons(light):
    change = content_change(window(2, light, covering=True), window(15, light, covering=True), np.eye(3))
    assert not change.is_other_moment


def test_a_highlight_in_one_picture_alone_may_be_a_mark_that_somebody_put_on_it():
    assert not is_other(window(None), window(15))
