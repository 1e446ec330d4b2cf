import imagehash
import numpy as np
import pdqhash
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from pipelines.mining.images.fingerprint.perceptual_hashes import (
    TURNS,
    bits,
    hamming,
    pdq_hashes,
    pdq_picture,
    phash64,
    surface,
)
from tests.unit.pipelines.mining.images.scenes import product, scene


def peer(grey: np.ndarray) -> int:
    return int(str(imagehash.phash(Image.fromarray(grey))), 16)


def unsigned(value: int) -> int:
    return value & (2**64 - 1)


@given(seed=st.integers(0, 2**32 - 1), height=st.integers(1, 90), width=st.integers(1, 90), smooth=st.booleans())
@settings(max_examples=60, deadline=None)
def test_phash_has_the_bits_of_imagehash(seed, height, width, smooth):
    random = np.random.default_rng(seed)
    grey = random.integers(0, 256, (height, width)).astype(np.uint8)
    if smooth:
        grey = np.asarray(Image.fromarray(grey).resize((60, 50), Image.Resampling.BICUBIC))
    assert unsigned(phash64(grey)) == peer(grey)


@pytest.mark.parametrize("level", [0, 7, 128, 255])
def test_phash_has_the_bits_of_imagehash_for_flat_and_striped_pictures(level):
    flat = np.full((64, 80), level, np.uint8)
    striped = flat.copy()
    striped[:, ::4] = 255 - level
    for grey in (flat, striped, np.ascontiguousarray(striped.T)):
        assert unsigned(phash64(grey)) == peer(grey)


def test_phash_fits_a_signed_64_bit_column():
    # The first bit is the mean against the median: set for any picture, not set for a black one.
    hashes = [phash64(scene(seed)[:, :, 0]) for seed in range(30)] + [phash64(np.zeros((40, 40), np.uint8))]
    assert all(-(2**63) <= h < 2**63 for h in hashes)
    assert min(hashes) < 0 <= max(hashes)


def moved(picture: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """The picture after each pixel went where the matrix puts its centre, in fractions of width and height."""
    height, width = picture.shape[:2]
    y, x = np.mgrid[0:height, 0:width]
    places = matrix @ np.stack([(x.ravel() + 0.5) / width, (y.ravel() + 0.5) / height, np.ones(x.size)])
    size = (width, height) if abs(matrix[0, 1]) > 0.5 else (height, width)
    out = np.zeros((*size, 3), np.uint8)
    out[(places[1] * size[0]).astype(int), (places[0] * size[1]).astype(int)] = picture.reshape(-1, 3)
    return out


@pytest.mark.parametrize("turn", range(8))
def test_a_turned_picture_has_the_hash_that_its_turn_foretells(turn):
    picture = scene(4, 200, 160)
    own = pdq_hashes(pdq_picture(moved(picture, TURNS[turn])))[0][0]
    distances = [hamming(own, foretold) for foretold in pdq_hashes(pdq_picture(picture))[0]]
    assert np.argmin(distances) == turn
    assert distances[turn] <= 4
    assert min(d for k, d in enumerate(distances) if k != turn) > 80


def test_pdq_is_near_that_of_the_full_picture():
    distances = []
    for seed in range(12):
        picture = scene(seed, 640, 480)
        vector, _ = pdqhash.compute(picture)
        distances.append(int((bits(pdq_hashes(pdq_picture(picture))[0][0]) != vector).sum()))
    assert np.mean(distances) <= 16
    assert max(distances) <= 40


def test_quality_tells_plain_from_rich():
    assert surface(pdq_hashes(pdq_picture(scene(5)))[1]) == "photo"
    assert surface(pdq_hashes(pdq_picture(np.full((90, 120, 3), 250, np.uint8)))[1]) == "flat"
    assert surface(pdq_hashes(pdq_picture(product((252, 252, 252))))[1]) in ("flat", "photo")
