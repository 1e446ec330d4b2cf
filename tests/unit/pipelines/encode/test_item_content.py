import io
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageOps

from pipelines.encode.item_content import BadContent, cut
from pipelines.media.decode import BadPicture, Decoding, Pixels, decode
from tests.unit.pipelines.encode.pixels import picture


def saved(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def rgb(content: bytes, longest_side: int) -> Pixels:
    """As `encode_chunk.Reader` decodes a picture."""
    return decode(content, Decoding(working_side=longest_side)).rgb


PICTURE = Image.fromarray(picture(1, 180, 240))
WHOLE = saved(PICTURE, "JPEG")


@pytest.mark.parametrize("orientation", range(1, 9))
def test_turns_a_picture_upright_as_pillow_does(orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    content = saved(PICTURE, exif=exif)
    assert np.array_equal(rgb(content, 1280), np.asarray(ImageOps.exif_transpose(Image.open(io.BytesIO(content)))))


def test_what_is_transparent_is_white():
    assert (rgb(saved(Image.new("RGBA", (40, 30), (200, 0, 0, 0))), 1280) == 255).all()


@pytest.mark.parametrize("mode", ["L", "LA", "P", "RGBA", "CMYK", "I;16"])
def test_every_mode_comes_out_as_rgb_of_the_same_picture(mode):
    grey = PICTURE.convert("L")
    converted = Image.fromarray(np.asarray(grey).astype(np.uint16) * 257) if mode == "I;16" else PICTURE.convert(mode)
    pixels = rgb(saved(converted, "TIFF" if mode == "CMYK" else "PNG"), 1280)
    assert pixels.shape == (180, 240, 3)
    assert pixels.dtype == np.uint8
    expected = np.asarray(grey.convert("RGB") if mode in ("L", "LA", "I;16") else PICTURE)
    assert np.abs(pixels.astype(int) - expected).mean() < (20 if mode == "P" else 2)


def test_shrinks_to_the_longest_side_and_enlarges_nothing():
    assert rgb(saved(PICTURE), 60).shape == (45, 60, 3)
    assert rgb(saved(PICTURE), 1000).shape == (180, 240, 3)


def test_a_reduced_jpeg_decode_shows_what_a_full_one_shows():
    large = Image.fromarray(picture(3, 900, 1200))
    reduced, full = (rgb(saved(large, kind, **o), 200).astype(int) for kind, o in (("JPEG", {"quality": 95}), ("PNG", {})))
    assert np.abs(reduced - full).mean() < 3


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty file"),
        (b"this is a text", "not a picture"),
        (WHOLE[: len(WHOLE) // 2], "truncated"),
        (saved(Image.new("1", (11_000, 10_000))), "too large"),
        (saved(Image.new("L", (2000, 4))), "too large"),
    ],
)
def test_says_why_a_file_is_refused(content, reason):
    with pytest.raises(BadPicture) as caught:
        rgb(content, 1280)
    assert caught.value.reason == reason
    assert caught.value.detail


def test_a_cut_at_any_place_is_refused_or_read_but_never_another_error():
    for end in range(0, len(WHOLE), 53):
        try:
            rgb(WHOLE[:end], 1280)
        except BadPicture as bad:
            assert bad.reason in ("empty file", "not a picture", "truncated")


def test_a_refusal_survives_the_way_to_another_process():
    back = pickle.loads(pickle.dumps(BadContent("truncated", "half a file")))
    assert (back.reason, back.detail, str(back)) == ("truncated", "half a file", "truncated: half a file")


def test_cuts_the_region_of_a_crop():
    pixels = np.arange(10 * 20 * 3, dtype=np.uint8).reshape(10, 20, 3)
    assert np.array_equal(cut(pixels, (0.25, 0.5, 0.75, 1.0)), pixels[5:10, 5:15])


@given(st.integers(1, 50), st.integers(1, 50), st.lists(st.floats(-0.5, 1.5), min_size=4, max_size=4))
def test_a_region_gives_pixels_of_the_picture_or_a_reason(height, width, box):
    x0, x1, y0, y1 = *sorted(box[:2]), *sorted(box[2:])
    pixels = np.zeros((height, width, 3), np.uint8)
    try:
        found = cut(pixels, (x0, y0, x1, y1))
    except BadContent as bad:
        assert bad.reason == "empty region"
        assert min(x1, 1) <= max(x0, 0) or min(y1, 1) <= max(y0, 0)
        return
    assert found.size > 0
    assert found.shape[0] <= height and found.shape[1] <= width
