"""Copies in strips, and the ways around Pillow, show the same pixels as the whole picture in Pillow."""

import io

import numpy as np
import pytest
from PIL import Image

from pipelines.media.decoding import pixels
from pipelines.media.decoding.picture import BadPicture, Decoding
from testkit.damaged_pictures import whole
from testkit.hostile_input import photo, saved

pytestmark = pytest.mark.slow

FILES = whole([photo(5, (211, 163))])


def pixels_of(content, **settings):
    return pixels.working_picture(io.BytesIO(content), Decoding(**settings)).rgb


@pytest.mark.parametrize("name", [name for name in FILES if "words" not in name])
def test_strips_show_what_the_whole_picture_shows(name, monkeypatch):
    at_once = pixels_of(FILES[name])
    monkeypatch.setattr(pixels, "SMALL", 0)
    monkeypatch.setattr(pixels, "STRIP", 1000)
    assert np.array_equal(pixels_of(FILES[name]), at_once)


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
@pytest.mark.parametrize("options", [{"lossless": True}, {"quality": 70}, {"quality": 20, "method": 0}])
def test_a_webp_too_large_for_pillow_shows_what_pillow_shows(mode, options):
    picture = photo(6, (1500, 1200)).convert(mode)
    if mode == "RGBA":
        picture.putalpha(photo(7, (1500, 1200), "L"))
    content = saved(picture, "WEBP", **options)
    assert np.array_equal(pixels_of(content, max_bytes=32 << 20), pixels_of(content))


def test_a_large_animation_is_refused():
    content = saved(photo(6, (1800, 1500)), "WEBP", save_all=True, append_images=[photo(7, (1800, 1500))])
    with pytest.raises(BadPicture, match="too large: 1800 x 1500 RGB: 40 MB to decode; at most 32"):
        pixels_of(content, max_bytes=32 << 20)


def test_a_jpeg_2000_and_an_mpo_that_are_too_large_are_reduced():
    picture = photo(8, (2400, 1800))
    for content in (saved(picture, "JPEG2000"), saved(picture, "MPO", save_all=True, append_images=[photo()])):
        whole_one, reduced = pixels_of(content).astype(int), pixels_of(content, max_bytes=32 << 20).astype(int)
        assert whole_one.shape == reduced.shape and np.abs(whole_one - reduced).mean() < 2
        assert Image.open(io.BytesIO(content)).width == 2400
