import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.annotate import rapidocr_models
from pipelines.annotate.ocr import OcrAnnotator
from pipelines.annotate.picture_pixels import read_picture
from pipelines.annotate.settings import Ocr, TextGateSettings
from pipelines.annotate.text_detector import TextGate, word_score
from schemas.errors import SettingsError

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def scores(drawn):
    gate = TextGate(TextGateSettings())
    return [(gate.score(read_picture(file.read_bytes(), 960)), words) for file, words in drawn]


def test_every_picture_of_the_sample_with_words_passes(scores):
    with_words = [score for score, words in scores if words]
    assert len(with_words) >= 15
    assert min(with_words) > 3 * TextGateSettings().min_score


def test_most_pictures_of_the_sample_without_words_are_not_read(scores):
    wordless = np.array([score for score, words in scores if not words])
    assert len(wordless) >= 50
    assert (wordless >= TextGateSettings().min_score).mean() < 0.3


def test_a_gate_of_zero_reads_every_picture():
    blank = np.full((40, 60, 3), 255, np.uint8)
    assert TextGate(TextGateSettings(min_score=0)).passes(blank)
    assert not TextGate(TextGateSettings()).passes(blank)


def region(length, height, *, probability=0.9, share_of_edges=1.0):
    """A region of that size, and a grey picture with edges on that share of its columns: a comb of lines one pixel wide."""
    likely, grey = np.zeros((120, 160), np.float32), np.full((120, 160), 128, np.uint8)
    likely[20 : 20 + height, 10 : 10 + length] = probability
    combed = round(length * share_of_edges)
    grey[:, 10 : 10 + combed] = np.where(np.arange(combed) // 2 % 2, 255, 0)
    return likely, grey


@pytest.mark.parametrize(("length", "height"), [(60, 10), (40, 20), (30, 20), (20, 20)])
def test_a_region_scores_by_probability_and_length(length, height):
    likely, grey = region(length, height, probability=0.8)
    assert word_score(likely, grey) == pytest.approx(0.64 * min(1, length / height / 2), rel=0.05)


def test_a_soft_region_scores_by_its_share_of_edges():
    sharp, half, soft = (word_score(*region(80, 10, share_of_edges=share)) for share in (1, 0.5, 0))
    assert sharp == pytest.approx(0.81, rel=0.05)
    assert half == pytest.approx(sharp / 2, rel=0.1)
    assert soft < 0.05 * sharp


def test_the_ring_around_a_plate_scores_less_than_a_line_of_words():
    y, x = np.mgrid[:120, :160]
    ring = (np.abs(np.hypot(y - 60, x - 80) - 40) < 3).astype(np.float32)
    grey = np.where((x // 2) % 2, 255, 0).astype(np.uint8)
    assert word_score(ring, grey) < 0.15 < 0.8 < word_score(*region(80, 6, probability=1.0))


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_the_score_is_a_share_and_does_not_change_when_the_picture_is_turned_or_mirrored(seed):
    chance = np.random.default_rng(seed)
    coarse = chance.random((8, 10)) ** 2
    likely = np.kron(coarse, np.ones((6, 6))).astype(np.float32)
    grey = chance.integers(0, 256, likely.shape, np.uint8)
    score = word_score(likely, grey)
    assert 0 <= score <= 1
    for turned in (lambda a: a[:, ::-1], lambda a: a[::-1], np.rot90):
        other = word_score(np.ascontiguousarray(turned(likely)), np.ascontiguousarray(turned(grey)))
        assert other == pytest.approx(score, rel=1e-4, abs=1e-6)


def test_without_a_region_the_score_is_zero():
    assert word_score(np.zeros((32, 32), np.float32), np.zeros((32, 32), np.uint8)) == 0


@pytest.mark.parametrize("package", ["rapidocr", "onnxruntime"])
def test_a_missing_package_is_named_at_the_start(monkeypatch, package):
    find_spec = rapidocr_models.find_spec
    monkeypatch.setattr(rapidocr_models, "find_spec", lambda name: None if name == package else find_spec(name))
    with pytest.raises(SettingsError, match=rf"'{package}' is not installed.*pip install rapidocr==3.10.0"):
        OcrAnnotator(Ocr())
