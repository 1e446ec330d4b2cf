import cv2
import numpy as np
import pytest

from pipelines.mining.images.candidates.visual_words import index_words, probe_words
from pipelines.mining.images.fingerprint.local_features import DIMENSION, PATCH, Detection, Features, describe, detect, mirrored
from tests.unit.pipelines.mining.images.scenes import scene


def grey(seed: int, width: int = 288, height: int = 216) -> np.ndarray:
    return cv2.cvtColor(scene(seed, width, height), cv2.COLOR_RGB2GRAY)


def patches(seed: int, n: int = 50) -> np.ndarray:
    coarse = np.random.default_rng(seed).integers(0, 256, (n, 6, 6)).astype(np.float32)
    return np.stack([cv2.resize(p, (PATCH, PATCH), interpolation=cv2.INTER_CUBIC) for p in coarse])


def test_a_blob_is_found_where_it_is_and_as_large_as_it_is():
    y, x = np.mgrid[0:200, 0:260]
    sigma = 6.0
    picture = 60 + 150 * np.exp(-((x - 100.3) ** 2 + (y - 80.6) ** 2) / (2 * sigma**2))
    result = detect(picture.astype(np.uint8), Detection())
    nearest = np.argmin(np.abs(result.positions - (100.3, 80.6)).sum(axis=1))
    assert np.abs(result.positions[nearest] - (100.3, 80.6)).max() < 0.5
    # The extremum of a difference of Gaussians over a blob of s lies near s, by a factor below 1.3.
    assert sigma / 1.3 < result.sigmas[nearest] < sigma * 1.3


@pytest.mark.parametrize("shape", [(1, 1), (5, 300), (11, 11), (12, 12), (300, 20)])
def test_a_picture_of_any_shape_has_features_or_none(shape):
    picture = np.random.default_rng(0).integers(0, 256, shape).astype(np.uint8)
    result = detect(picture, Detection())
    assert result.descriptors.shape == (len(result.sigmas), DIMENSION)


def test_a_plain_picture_has_no_features():
    assert len(detect(np.full((100, 100), 77, np.uint8), Detection()).sigmas) == 0


def test_no_more_features_than_asked_for_and_all_of_them_inside():
    result = detect(grey(1), Detection(count=50))
    assert len(result.sigmas) == 50
    assert (result.positions >= 0).all()
    assert (result.positions < (288, 216)).all()


def test_the_mirrored_patch_has_the_mirrored_descriptor():
    some = patches(1)
    flipped = np.ascontiguousarray(some[:, :, ::-1])
    assert np.abs(describe(flipped).astype(int) - mirrored(describe(some)).astype(int)).max() <= 1


def test_a_descriptor_knows_no_brightness_and_no_contrast():
    some = patches(2)
    assert np.abs(describe(some * 0.4 + 70).astype(int) - describe(some).astype(int)).max() <= 1


def test_a_shifted_picture_has_the_same_words():
    wide = grey(3, 320, 240)
    a, b = detect(wide[8:, 8:], Detection()), detect(wide[:-8, :-8], Detection())
    shared = set(index_words(a, 500).tolist()) & set(index_words(b, 500).tolist())
    assert len(shared) > 0.4 * len(a.sigmas)


def test_a_mirrored_picture_has_the_same_words_and_another_picture_has_none():
    a, b, other = (detect(p, Detection()) for p in (grey(4), np.ascontiguousarray(grey(4)[:, ::-1]), grey(5)))
    mine = set(index_words(a, 500).tolist())
    assert len(mine & set(index_words(b, 500).tolist())) > 0.55 * len(mine)
    assert len(mine & set(index_words(other, 500).tolist())) <= 2


def described(rows: np.ndarray) -> Features:
    n = len(rows)
    return Features(np.zeros((n, 2), np.float32), np.ones(n, np.float32), rows.astype(np.int8), (100, 100))


def test_words_are_the_same_for_a_descriptor_and_its_mirror():
    rows = np.random.default_rng(6).integers(-127, 128, (200, DIMENSION))
    rows[rows == 0] = 1
    features = described(rows)
    twin = described(mirrored(features.descriptors))
    assert np.array_equal(index_words(features, 200), index_words(twin, 200))


def test_a_probe_finds_the_word_whose_least_certain_signs_turned_over():
    rows = np.random.default_rng(7).integers(20, 128, (64, DIMENSION))
    changed = rows.copy()
    rows[:, 5], rows[:, 9] = 3, -2
    changed[:, 5], changed[:, 9] = -1, 4
    probes = probe_words(described(rows), 64, 2)
    expected = index_words(described(changed), 64)
    assert probes.shape == (64, 4)
    assert (probes == expected[:, None]).any(axis=1).all()
    assert np.array_equal(probes[:, 0], index_words(described(rows), 64))


def test_a_picture_with_few_features_asks_for_more_variants_of_each_but_not_for_more_words():
    rows = np.random.default_rng(8).integers(20, 128, (64, DIMENSION))
    sizes = {n: probe_words(described(rows[:n]), 64, 3).shape for n in (0, 1, 16, 32, 64)}
    assert sizes == {0: (0, 64), 1: (1, 64), 16: (16, 32), 32: (32, 16), 64: (64, 8)}
