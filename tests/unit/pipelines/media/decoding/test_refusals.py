"""Whatever a decoder raises on a stranger's bytes is a refusal with a reason, and the next picture is read."""

import io
import time
from random import Random

import pytest
from PIL import Image

from pipelines.media.decode import BadPicture, Decoding, decode
from pipelines.mining.images.fingerprint.fingerprint import Fingerprint, fingerprint
from testkit.damaged_pictures import SMALL
from testkit.picture_bombs import scans

REASONS = {"empty file", "not a picture", "truncated", "too large"}


def outcome(content, **settings):
    try:
        return decode(content, Decoding(**settings)).rgb.shape
    except BadPicture as bad:
        assert bad.reason in REASONS | {"too slow", "decoder crashed"} and bad.detail
        return bad.reason


@pytest.mark.parametrize("name", SMALL)
def test_a_whole_file_of_every_format_is_read(name):
    assert max(outcome(SMALL[name])) in (16, 48, 200)


@pytest.mark.parametrize(
    "name", ["avif 0", "avif alpha 0", "avif animated 0", "tiff P 0", "jp2 tiles 0", "webp animated 0", "mpo 0"]
)
def test_a_flipped_bit_is_a_picture_or_a_refusal(name):
    draw, whole = Random(name), SMALL[name]
    result = set()
    for _ in range(150):
        content = bytearray(whole)
        content[draw.randrange(len(content))] ^= 1 << draw.randrange(8)
        result.add(outcome(bytes(content)))
    assert result <= REASONS | {shape for shape in result if isinstance(shape, tuple)}
    assert outcome(whole) == decode(whole, Decoding()).rgb.shape


@pytest.mark.parametrize("size", [(1, 1), (2, 1), (3, 3), (1, 40), (40, 1), (8, 7)])
def test_the_smallest_pictures_have_fingerprints(size):
    stream = io.BytesIO()
    Image.new("RGB", size, "red").save(stream, "PNG")
    assert fingerprint(stream.getvalue(), Fingerprint())["width"] == size[0]


def test_a_jpeg_of_many_passes_is_refused_and_a_usual_one_read():
    with pytest.raises(BadPicture, match="too large: 74 scans; at most 64 are read"):
        decode(scans(400, 64), Decoding())
    assert outcome(scans(400, 10)) == outcome(scans(400, 54)) == (288, 288, 3)
    assert outcome(scans(400, 10), max_scans=19) == "too large"


def test_marks_of_a_scan_within_metadata_are_no_scans():
    photo = Image.new("RGB", (300, 200))
    stream = io.BytesIO()
    photo.save(stream, "JPEG", comment=b"\xff\xda" * 400)
    assert outcome(stream.getvalue()) == (192, 288, 3)
    assert outcome(stream.getvalue() + b"\xff\xda" * 400) == (192, 288, 3), "after its end"


def test_passes_behind_a_whole_picture_are_never_painted():
    stream = io.BytesIO()
    Image.new("RGB", (4000, 4000), "red").save(stream, "JPEG")
    whole = stream.getvalue()
    last, end = whole.rfind(b"\xff\xda"), whole.rfind(b"\xff\xd9")
    began = time.process_time()
    assert outcome(whole[:end] + whole[last:end] * 50 + whole[end:]) in ((288, 288, 3), "truncated")
    assert time.process_time() - began < 2
