"""What browsers show is read: JPEGs without their last bytes, PNGs with damaged texts, TIFFs that lie on their side, deep grey."""

import io
import zlib
from struct import pack

import numpy as np
import pytest
from PIL import Image

from pipelines.media.decode import BadPicture, decode
from pipelines.media.decoding.file_repair import without_texts
from pipelines.media.decoding.picture import Decoding
from pipelines.media.decoding.pixels import working_picture
from testkit.hostile_input import photo, saved

PHOTO = photo(3, (240, 180))
JPEG = saved(PHOTO, "JPEG", quality=90)


def pixels(content):
    return working_picture(io.BytesIO(content), Decoding()).rgb.astype(int)


def plain():
    out = Image.new("RGB", (240, 180), "white")
    out.paste(PHOTO.crop((0, 0, 100, 60)), (30, 20))
    return saved(out, "JPEG", quality=90)


@pytest.mark.parametrize("content", [JPEG, plain()], ids=["photo", "product on white"])
def test_a_jpeg_without_its_end_mark_is_the_same_picture(content):
    assert np.array_equal(pixels(content[:-2]), pixels(content))
    assert decode(content[:-2], Decoding()).width == 240


def test_a_jpeg_without_its_last_bytes_loses_its_last_corner():
    difference = np.abs(pixels(JPEG[:-8]) - pixels(JPEG)).max(axis=2) > 0
    assert difference.mean() < 0.01


@pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
@pytest.mark.parametrize("content", [JPEG, saved(PHOTO, "JPEG", progressive=True)], ids=["baseline", "progressive"])
def test_a_jpeg_without_a_visible_part_is_refused(content, share):
    with pytest.raises(BadPicture, match="truncated"):
        pixels(content[: int(share * len(content))])


def chunk(kind, data, crc=None):
    return pack(">I", len(data)) + kind + data + pack(">I", zlib.crc32(kind + data) if crc is None else crc)


@pytest.mark.parametrize(
    "text",
    [
        chunk(b"tEXt", b"Comment\0hello", crc=1),
        chunk(b"zTXt", b"Comment\0\0not deflated"),
        chunk(b"iTXt", b"a\0\1\0\0\0broken"),
    ],
    ids=["checksum", "not deflated", "not deflated, international"],
)
def test_a_png_with_a_damaged_text_is_the_same_picture(text):
    content = saved(PHOTO, "PNG")
    assert np.array_equal(pixels(content[:33] + text + content[33:]), pixels(content))


def test_a_png_without_texts_keeps_every_byte():
    content = saved(PHOTO, "PNG")
    assert without_texts(content) == content


def test_a_png_with_damaged_pixels_is_refused():
    content = saved(PHOTO, "PNG")
    with pytest.raises(BadPicture, match="truncated"):
        pixels(content[:33] + chunk(b"tEXt", b"a\0b") + content[33 : len(content) // 2])


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_tiff_is_turned_once(orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    tiff = working_picture(io.BytesIO(saved(PHOTO, "TIFF", exif=exif)), Decoding())
    png = working_picture(io.BytesIO(saved(PHOTO, "PNG", exif=exif)), Decoding())
    assert (tiff.width, tiff.height) == (png.width, png.height)
    assert np.array_equal(tiff.rgb, png.rgb)


@pytest.mark.parametrize("bits", [8, 10, 12, 14, 16])
def test_deep_grey_has_the_levels_of_its_own_number_of_bits(bits):
    grey = np.asarray(PHOTO.convert("L"))
    grey = grey * (255 / grey.max())
    deep = Image.fromarray(np.rint(grey * (2**bits - 1) / 255).astype(np.uint16))
    assert np.abs(pixels(saved(deep, "PNG"))[..., 0] - grey).max() < 1.5


def test_floats_up_to_one_are_not_black():
    grey = np.asarray(PHOTO.convert("L"))
    assert np.abs(pixels(saved(Image.fromarray((grey / 255).astype(np.float32)), "TIFF"))[..., 0] - grey).max() < 1.5


@pytest.mark.parametrize(
    ("head", "name"),
    [(b"\0\0\0\x18ftypheic\0\0\0\0", "HEIC"), (b"\0\0\0\x0cJXL \r\n\x87\n", "JPEG XL"), (b"\xff\x0a\xfa\x01", "JPEG XL")],
)
def test_formats_that_are_not_read_are_refused_by_name(head, name):
    with pytest.raises(BadPicture, match=f"not a picture: {name} files are not read; convert it to JPEG or PNG"):
        decode(head + bytes(200), Decoding())
