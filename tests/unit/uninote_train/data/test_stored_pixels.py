import cv2
import numpy as np
import pytest

from testkit.picture_bombs import png
from uninote_train.data.stored_pixels import stored_pixels


def test_gives_the_pixels_of_a_stored_picture():
    pixels = np.full((8, 9, 3), (200, 100, 50), np.uint8)
    decoded = stored_pixels(cv2.imencode(".png", pixels[:, :, ::-1])[1].tobytes())
    assert np.array_equal(decoded, pixels)


@pytest.mark.parametrize("content", [b"", b"words", png(40_000, 40_000, 1)])
def test_bytes_that_are_no_picture_are_none_and_no_error(content):
    assert stored_pixels(content) is None
