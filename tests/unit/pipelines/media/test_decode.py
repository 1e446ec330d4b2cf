import io

import numpy as np
import pytest
from PIL import Image, ImageOps

from pipelines.media.decode import BadPicture, Decoding, decode
from tests.unit.pipelines.mining.images.scenes import scene


def saved(picture: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()


PICTURE = Image.fromarray(scene(1, 240, 180))


@pytest.mark.parametrize("orientation", range(1, 9))
def test_turns_a_picture_upright_as_pillow_does(orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    content = saved(PICTURE, exif=exif)
    expected = np.asarray(ImageOps.exif_transpose(Image.open(io.BytesIO(content))))
    result = decode(content, Decoding())
    assert np.array_equal(result.rgb, expected)
    assert (result.height, result.width) == expected.shape[:2]


@pytest.mark.parametrize("mode", ["L", "P", "CMYK", "RGBA", "LA", "I;16"])
def test_every_mode_looks_like_the_same_picture(mode):
    grey = PICTURE.convert("L")
    if mode == "I;16":
        picture, expected = Image.fromarray(np.asarray(grey).astype(np.uint16) * 257), grey.convert("RGB")
    else:
        picture = PICTURE.quantize(256) if mode == "P" else PICTURE.convert(mode)
        expected = grey.convert("RGB") if mode in ("L", "LA") else PICTURE
    result = decode(saved(picture, "TIFF" if mode == "CMYK" else "PNG"), Decoding()).rgb.astype(int)
    assert np.abs(result - np.asarray(expected)).mean() < (6 if mode == "P" else 2)


def test_what_is_transparent_is_white():
    clear = Image.new("RGBA", (40, 30), (200, 0, 0, 0))
    assert (decode(saved(clear), Decoding()).rgb == 255).all()


def test_an_animation_is_its_first_frame():
    frames = [Image.new("RGB", (40, 30), colour) for colour in ("red", "blue")]
    content = saved(frames[0], "GIF", save_all=True, append_images=frames[1:])
    assert (decode(content, Decoding()).rgb == (255, 0, 0)).all()


def test_a_large_picture_is_shrunk_and_its_size_is_told():
    result = decode(saved(Image.fromarray(scene(2, 1000, 700)), "JPEG"), Decoding(working_side=288))
    assert (result.width, result.height) == (1000, 700)
    assert result.rgb.shape == (202, 288, 3)


def test_a_reduced_jpeg_decode_shows_what_a_full_one_shows():
    picture = Image.fromarray(scene(3, 1600, 1200))
    reduced = decode(saved(picture, "JPEG", quality=95), Decoding()).rgb.astype(int)
    full = decode(saved(picture), Decoding()).rgb.astype(int)
    assert np.abs(reduced - full).mean() < 2


WHOLE = saved(PICTURE, "JPEG")
BOMB = saved(Image.new("1", (9000, 9000)))


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty file"),
        (b"hello, this is text", "not a picture"),
        (WHOLE[: len(WHOLE) // 2], "truncated"),
        (b"\xff\xd8\xff\xe0 not a picture", "truncated"),
        (BOMB, "too large"),
        (saved(Image.new("L", (2000, 4))), "too large"),
    ],
)
def test_says_why_a_file_is_refused(content, reason):
    with pytest.raises(BadPicture) as caught:
        decode(content, Decoding(max_pixels=50_000_000))
    assert caught.value.reason == reason
    assert caught.value.detail


def test_a_cut_at_any_place_is_refused_or_read_but_never_another_error():
    for end in range(0, len(WHOLE), 97):
        try:
            decode(WHOLE[:end], Decoding())
        except BadPicture as bad:
            assert bad.reason in ("empty file", "not a picture", "truncated")
