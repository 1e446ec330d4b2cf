"""The fitted band on samples whose truth is known, and the refusals."""

import json

import numpy as np
import pytest
from scipy.stats import binom

from pipelines.negatives.calibration.fit_band import (
    FitBand,
    FittedBand,
    LabelledCandidates,
    fit_band,
    labels_needed,
    upper_bound,
)
from pipelines.negatives.calibration.similarity_histogram import histogram, histogram_text
from schemas.errors import DataError


def planted(rng, queries=60, each=40, limit=0.7):
    """Above the limit every fifth candidate is relevant, below it none; positives lie around 0.8."""
    query = np.repeat(np.arange(queries), each)
    similarity = rng.uniform(0.2, 0.9, len(query))
    relevant = (similarity > limit) & (rng.random(len(query)) < 0.2)
    return LabelledCandidates(query, similarity, relevant, np.arange(queries), rng.normal(0.8, 0.02, queries))


def test_the_band_ends_where_the_false_negatives_begin():
    labels = planted(np.random.default_rng(1))
    fitted, _ = fit_band(labels, "abc", FitBand())
    assert 0.68 < fitted.tau_max < 0.74
    inside = (labels.similarity >= fitted.tau_min) & (labels.similarity <= fitted.tau_max)
    assert fitted.in_band == inside.sum() and fitted.false_in_band == labels.relevant[inside].sum()
    assert fitted.upper <= 0.01
    assert fitted.full >= 0.9
    assert fitted.tau_min < fitted.tau_max


def test_the_floor_leaves_nine_of_ten_queries_their_negatives_and_no_lower():
    labels = planted(np.random.default_rng(2))
    fitted, _ = fit_band(labels, "abc", FitBand())

    def full(floor):
        inside = (labels.similarity >= floor) & (labels.similarity <= fitted.tau_max)
        return np.mean(np.bincount(labels.queries[inside], minlength=60) >= 8)

    assert full(fitted.tau_min) >= 0.9 > full(np.nextafter(fitted.tau_min, 1))


def test_the_margins_keep_below_the_target():
    labels = planted(np.random.default_rng(3), queries=200)
    fitted, _ = fit_band(labels, "abc", FitBand())
    drop = 0.8 - 0.7
    assert fitted.absolute == pytest.approx(drop, abs=0.05)
    assert fitted.relative == pytest.approx(drop / 0.8, abs=0.06)
    one = labels.positives[labels.queries]
    kept = labels.similarity <= one - np.abs(one) * fitted.relative
    assert labels.relevant[kept].mean() <= 0.01


@pytest.mark.slow
def test_the_promise_holds_on_fresh_candidates():
    """Of 60 fits, few may exceed the target on the truth behind them: 5 % at most, and 9 of 60 would be a chance of 1 in 500."""
    broken = 0
    for seed in range(60):
        rng = np.random.default_rng(seed)
        query, similarity = np.repeat(np.arange(40), 40), rng.uniform(0, 1, 1600)
        labels = LabelledCandidates(query, similarity, rng.random(1600) < similarity**4 / 5, np.arange(40), np.full(40, 0.9))
        try:
            fitted, _ = fit_band(labels, "abc", FitBand(target=0.02))
        except DataError:
            continue
        a, b = fitted.tau_min, fitted.tau_max
        broken += (b**5 - a**5) / 25 / (b - a) > 0.02
    assert broken < 9


def test_too_few_labels_are_refused_with_how_many_it_takes():
    labels = planted(np.random.default_rng(4), queries=5)
    with pytest.raises(DataError, match=r"200 labelled candidates and 5 positives.* at least 299 candidates"):
        fit_band(labels, "abc", FitBand())


def test_an_encoder_that_tells_nothing_apart_gets_no_band():
    rng = np.random.default_rng(5)
    query = np.repeat(np.arange(50), 40)
    labels = LabelledCandidates(query, rng.random(2000), rng.random(2000) < 0.1, np.arange(50), rng.random(50))
    with pytest.raises(DataError, match="no similarity band keeps false negatives below 1 %"):
        fit_band(labels, "abc", FitBand())


def test_the_interval_is_the_exact_one():
    for false, of in ((0, 299), (3, 500), (40, 200)):
        top = upper_bound(false, of, 0.95)
        assert binom.cdf(false, of, top) == pytest.approx(0.05)
    assert upper_bound(0, 0, 0.95) == 1.0
    assert labels_needed(0.01, 0.95) == 299 and upper_bound(0, 299, 0.95) <= 0.01 < upper_bound(0, 298, 0.95)


def test_a_calibration_is_stored_and_read_for_its_own_encoder_only():
    fitted, _ = fit_band(planted(np.random.default_rng(6)), "abc", FitBand())
    assert FittedBand.from_json(fitted.to_json(), "abc") == fitted
    assert json.loads(fitted.to_json())["fingerprint"] == "abc"
    with pytest.raises(DataError, match="fitted for encoder abc, but the vectors are of xyz"):
        FittedBand.from_json(fitted.to_json(), "xyz")


def test_the_histogram_counts_every_similarity_once():
    rng = np.random.default_rng(7)
    kinds = [rng.uniform(-1, 1, n).round(2) for n in (50, 7, 300)]
    table = histogram(*kinds)
    for kind, values in zip(table.column_names[2:], kinds, strict=True):
        assert sum(table.column(kind).to_pylist()) == len(values)
    for row in table.to_pylist()[:-1]:
        assert row["positives"] == sum(row["low"] <= v < row["high"] for v in kinds[0])


def test_the_histogram_is_printed_a_line_a_bin():
    text = histogram_text(histogram(np.array([0.82]), np.array([]), np.array([0.71, 0.72, 0.76])), {"tau_max": 0.75})
    lines = text.splitlines()
    assert [line.split()[0] for line in lines] == ["bin", "0.70-0.75", "0.75-0.80", "0.80-0.85"]
    assert lines[1].count("#") == 30 and lines[2].count("#") == 15 and lines[2].endswith("<- tau_max")
    assert histogram_text(histogram(np.array([]), np.array([]), np.array([]))).startswith("       bin")
