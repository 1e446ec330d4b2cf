"""Whatever a file holds, decoding ends with a picture or with a reason. `make fuzz` runs many more examples.

A hundred thousand files and what each cost: `python -m benchmarks.fuzz_decoders`.
"""

import io
import struct
import zlib
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from pipelines.media.decode import BadPicture, Decoding, decode
from pipelines.media.picture_bytes import picture_bytes
from pipelines.workspace.uri_credentials import redacted
from testkit.damaged_pictures import SMALL, damaged

REASONS = {"empty file", "not a picture", "truncated", "too large", "too slow", "decoder crashed"}
SETTINGS = Decoding(working_side=64)


def saved(picture, kind, **options):
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()


def photo(mode="RGB", size=(160, 120)):
    dice = np.random.default_rng(3)
    coarse = Image.fromarray(dice.integers(0, 256, (6, 8, 3), dtype=np.uint8))
    return coarse.resize(size, Image.Resampling.BICUBIC).convert(mode)


TWO = [photo(), photo().rotate(90)]
FILES = {
    "jpeg": saved(photo(), "JPEG", quality=90),
    "progressive jpeg": saved(photo(), "JPEG", progressive=True),
    "cmyk jpeg": saved(photo("CMYK"), "JPEG"),
    "grey jpeg": saved(photo("L"), "JPEG"),
    "png": saved(photo(), "PNG"),
    "16-bit png": saved(Image.fromarray(np.arange(19200, dtype=np.uint16).reshape(120, 160)), "PNG"),
    "palette with alpha": saved(photo("RGBA").quantize(64), "PNG", transparency=3),
    "animated gif": saved(TWO[0], "GIF", save_all=True, append_images=TWO[1:]),
    "webp": saved(photo(), "WEBP"),
    "animated webp": saved(TWO[0], "WEBP", save_all=True, append_images=TWO[1:]),
    "tiff": saved(photo("CMYK"), "TIFF", compression="tiff_lzw"),
    "bmp": saved(photo(), "BMP"),
}


def outcome(content):
    """The shape of what was decoded, or the reason why not; any other error fails the test."""
    try:
        decoded = decode(content, SETTINGS)
    except BadPicture as bad:
        assert bad.reason in REASONS and bad.detail
        return bad.reason
    assert decoded.rgb.dtype == np.uint8 and decoded.rgb.ndim == 3 and max(decoded.rgb.shape[:2]) <= 64
    return decoded.rgb.shape


@pytest.mark.parametrize("name", FILES)
def test_a_whole_file_is_read(name):
    assert outcome(FILES[name]) == (48, 64, 3)


@given(st.sampled_from(sorted(FILES)), st.floats(0, 1))
def test_a_file_cut_at_any_place(name, where):
    outcome(FILES[name][: int(where * len(FILES[name]))])


@given(
    st.sampled_from(sorted(FILES)), st.lists(st.tuples(st.floats(0, 0.999999), st.integers(1, 255)), min_size=1, max_size=20)
)
def test_a_file_with_flipped_bits(name, flips):
    content = bytearray(FILES[name])
    for where, bits in flips:
        content[int(where * len(content))] ^= bits
    outcome(bytes(content))


@given(st.sampled_from(sorted(FILES)), st.binary(max_size=200))
def test_bytes_after_a_known_beginning(name, rest):
    outcome(FILES[name][:32] + rest)


@given(st.sampled_from(sorted(SMALL)), st.sampled_from(sorted(SMALL)), st.integers(0, 2**32))
def test_a_file_of_any_format_after_any_accidents(name, other, seed):
    outcome(damaged(SMALL[name], SMALL[other], Random(seed)))


@given(st.binary(max_size=400))
def test_any_bytes(content):
    outcome(content)


URI = st.tuples(st.sampled_from(["", "/", "../", "file://", "s3://", "http://", "x://[", "memory://"]), st.text(max_size=30))


@given(URI.map("".join))
def test_any_uri(uri):
    """Below a folder that is empty: no host is asked, and nothing is read."""
    with pytest.raises(BadPicture):
        picture_bytes(uri, "/nowhere")
    assert isinstance(redacted(uri), str)


def chunk(kind, body):
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def test_a_bomb_is_refused_by_its_header():
    header = struct.pack(">IIBBBBB", 50_000, 50_000, 8, 2, 0, 0, 0)
    bomb = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(1 << 20))) + chunk(b"IEND", b"")
    assert outcome(bomb) == "too large"


@pytest.mark.parametrize(
    "drawing",
    [
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"<?xml version='1.0'?><svg/>",
        b"%PDF-1.7\n",
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\n(x) run\n%%EOF\n",  # Pillow would start Ghostscript
    ],
)
def test_drawings_are_no_pictures(drawing):
    assert outcome(drawing) == "not a picture"
