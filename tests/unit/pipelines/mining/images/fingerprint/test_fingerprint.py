"""A long picture keeps enough of its shorter side to be compared."""

import io

import cv2
import numpy as np
import pytest
from PIL import Image

from pipelines.mining.images.fingerprint.fingerprint import Fingerprint, fingerprint
from testkit.verified_pictures import of_row, verdict
from tests.unit.pipelines.mining.images.scenes import scene


def stored(image):
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=90)
    return fingerprint(buffer.getvalue(), Fingerprint())


def long_picture(aspect):
    return Image.fromarray(np.vstack([scene(k, 400, 400) for k in range(aspect)]))


def sides(row):
    return [
        cv2.imdecode(np.frombuffer(row[name], np.uint8), cv2.IMREAD_GRAYSCALE).shape
        for name in ("working_picture", "thumbnail")
    ]


@pytest.mark.parametrize(("aspect", "working", "thumbnail"), [(1, 288, 160), (2, 288, 160), (10, 487, 270)])
def test_above_a_ratio_of_three_and_a_half_the_pixels_stay_the_same(aspect, working, thumbnail):
    found = sides(stored(long_picture(aspect)))
    assert np.abs(np.array(found) - [(working, working / aspect), (thumbnail, thumbnail / aspect)]).max() <= 1


def test_a_small_long_picture_is_kept_as_it_is():
    assert sides(stored(Image.fromarray(scene(1, 40, 200))))[0] == (200, 40)


def test_a_picture_of_one_to_sixteen_is_found_at_half_its_size():
    whole = long_picture(16)
    half = whole.resize((200, 3200), Image.Resampling.LANCZOS)
    assert verdict(*(of_row(stored(image)) for image in (whole, half))).relation == "copy"
