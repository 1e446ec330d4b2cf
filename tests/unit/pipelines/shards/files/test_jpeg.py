import io

import numpy as np
import pytest
from PIL import Image

from pipelines.media.decode import BadPicture
from pipelines.shards.files.jpeg import JpegSettings, reencoded


def jpeg(width, height, orientation=None):
    picture = Image.fromarray(np.linspace(0, 255, width * height * 3).reshape(height, width, 3).astype(np.uint8))
    out, exif = io.BytesIO(), Image.Exif()
    if orientation:
        exif[0x0112] = orientation
    picture.save(out, "JPEG", quality=95, exif=exif)
    return out.getvalue()


def opened(content):
    return Image.open(io.BytesIO(content))


@pytest.mark.parametrize(("size", "expected"), [((1200, 600), (300, 150)), ((100, 40), (100, 40))])
def test_the_longest_side_is_bounded_and_nothing_is_enlarged(size, expected):
    assert opened(reencoded(jpeg(*size), JpegSettings(longest_side=300))).size == expected


def test_what_was_turned_by_a_tag_stands_upright_without_it():
    image = opened(reencoded(jpeg(120, 60, orientation=6), JpegSettings()))
    assert (image.format, image.size, image.getexif().get(0x0112)) == ("JPEG", (60, 120), None)


def test_colours_are_in_their_order():
    red = io.BytesIO()
    Image.new("RGB", (32, 32), (250, 20, 40)).save(red, "PNG")
    pixel = np.asarray(opened(reencoded(red.getvalue(), JpegSettings())))[16, 16].astype(int)
    assert np.abs(pixel - [250, 20, 40]).max() < 6


def test_a_lower_quality_is_smaller():
    sizes = [len(reencoded(jpeg(200, 200), JpegSettings(quality=q))) for q in (30, 90)]
    assert sizes[0] < sizes[1]


def test_what_is_no_picture_says_so():
    with pytest.raises(BadPicture, match="not a picture"):
        reencoded(b"words", JpegSettings())
