"""The edits of the benchmark: each changes the picture, none gives another one for the same seed."""

from random import Random

import numpy as np
import pytest
from PIL import Image

from testkit.crop_edits import CROPS, cut_out
from testkit.image_edits import EDITS
from tests.unit.pipelines.mining.images.scenes import scene

PICTURE = Image.fromarray(scene(3, 240, 180))


@pytest.mark.parametrize("name", sorted(EDITS))
def test_an_edit_changes_the_picture_and_only_the_seed_decides_how(name):
    first, second = (EDITS[name](PICTURE, Random(5)) for _ in range(2))
    assert first.mode == "RGB"
    assert first.tobytes() == second.tobytes()
    assert first.size != PICTURE.size or first.tobytes() != PICTURE.tobytes()


@pytest.mark.parametrize("name", sorted(CROPS))
@pytest.mark.parametrize("seed", range(4))
def test_a_crop_has_the_area_that_its_box_says(name, seed):
    crop, box = cut_out(PICTURE, CROPS[name], Random(seed))
    left, top, right, bottom = box
    assert 0 <= left < right <= 1 and 0 <= top < bottom <= 1
    assert (right - left) * (bottom - top) == pytest.approx(CROPS[name].area, rel=0.05)
    shape = (right - left) * PICTURE.width / ((bottom - top) * PICTURE.height)
    assert crop.width / crop.height == pytest.approx(shape, rel=0.05)


def test_a_plain_crop_shows_the_pixels_of_its_box():
    crop, (left, top, _, _) = cut_out(PICTURE, CROPS["crop_70"], Random(1))
    x, y = round(left * PICTURE.width), round(top * PICTURE.height)
    expected = np.asarray(PICTURE.crop((x, y, x + crop.width, y + crop.height)), float)
    assert np.abs(np.asarray(crop, float) - expected).mean() < 8  # JPEG at 80
