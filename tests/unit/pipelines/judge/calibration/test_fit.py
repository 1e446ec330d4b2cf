"""The map from scores to probabilities, against slow fits and on judges with known errors."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit, logit

from pipelines.judge.calibration.calibration_error import calibration_error
from pipelines.judge.calibration.fit import (
    CalibrationMap,
    CalibrationSettings,
    ScoreCalibration,
    check_labels,
    cross_fit,
    fit_map,
    folds,
)
from schemas.errors import DataError

SLOW_FIRST = settings(deadline=None, max_examples=60)

SMALL = st.lists(st.tuples(st.integers(0, 5).map(lambda n: n / 5), st.booleans()), min_size=1, max_size=9)


def squares(values, shares, weights):
    return sum(w * (v - s) ** 2 for v, s, w in zip(values, shares, weights, strict=True))


@SLOW_FIRST
@given(SMALL)
def test_isotonic_is_the_rising_map_of_least_squares(rows):
    """Against every rising map whose values are means of runs: the least squares solution is one of them."""
    scores, relevant = (np.array(side, float) for side in zip(*rows, strict=True))
    distinct = np.unique(scores)
    weights = [int((scores == s).sum()) for s in distinct]
    shares = [float(relevant[scores == s].mean()) for s in distinct]
    best = np.inf
    for cuts in itertools.product([False, True], repeat=len(distinct) - 1):
        ends = [0, *[k + 1 for k, cut in enumerate(cuts) if cut], len(distinct)]
        runs = [range(a, b) for a, b in itertools.pairwise(ends)]
        values = [sum(weights[k] * shares[k] for k in run) / sum(weights[k] for k in run) for run in runs for _ in run]
        if all(a <= b + 1e-12 for a, b in itertools.pairwise(values)):
            best = min(best, squares(values, shares, weights))
    values = fit_map(scores, relevant.astype(bool), "isotonic")(distinct)
    assert (np.diff(values) >= -1e-12).all()
    assert squares(values, shares, weights) == pytest.approx(best, abs=1e-9)


def test_isotonic_interpolates_between_knots_and_is_constant_outside():
    curve = fit_map(np.array([0.2, 0.3, 0.7, 0.8]), np.array([False, False, True, True]), "isotonic")
    assert curve(np.array([0.0, 0.2, 0.3, 0.5, 0.7, 1.0])).tolist() == pytest.approx([0, 0, 0, 0.5, 1, 1])
    assert np.isnan(curve(np.array([np.nan])))[0]


def test_temperature_finds_the_temperature_of_the_scores():
    chance = np.random.default_rng(0)
    true = expit(chance.normal(0, 1.5, 20_000))
    relevant = chance.random(20_000) < true
    scaled = expit(logit(true) * 4)
    curve = fit_map(scaled, relevant, "temperature")
    assert curve.temperature == pytest.approx(4, rel=0.05)
    assert calibration_error(scaled, relevant, 10) > 0.1
    assert calibration_error(curve(scaled), relevant, 10) < 0.02


def test_temperature_takes_scores_of_zero_and_one():
    curve = fit_map(np.array([0.0, 0.0, 1.0, 1.0]), np.array([False, True, True, True]), "temperature")
    assert np.isfinite(curve(np.array([0.0, 0.5, 1.0]))).all()
    assert curve(np.array([0.5]))[0] == 0.5


@pytest.mark.parametrize("method", ["isotonic", "temperature"])
def test_a_probability_comes_from_a_map_fitted_without_its_group(method):
    chance = np.random.default_rng(1)
    groups = np.repeat(np.arange(80), 10)
    scores = np.repeat(chance.random(80), 10)
    relevant = np.repeat(chance.random(80) < 0.5, 10)
    setup = CalibrationSettings(method=method, min_labels=10)
    probabilities = cross_fit(scores, relevant, groups, setup)
    fold = folds(groups, setup.folds, setup.seed)
    for one in np.unique(fold):
        others = fold != one
        expected = fit_map(scores[others], relevant[others], method)(scores[~others])
        assert probabilities[~others] == pytest.approx(expected)


@SLOW_FIRST
@given(st.lists(st.integers(0, 12), min_size=1, max_size=80), st.integers(2, 6), st.integers(0, 3))
def test_a_group_is_in_one_fold_whatever_the_order_of_the_rows(names, count, seed):
    groups = np.array(names)
    fold = folds(groups, count, seed)
    assert ((fold >= 0) & (fold < count)).all()
    assert all(len(set(fold[groups == g].tolist())) == 1 for g in set(names))
    assert folds(groups[::-1], count, seed)[::-1].tolist() == fold.tolist()


def test_too_few_labels_are_rejected_with_the_least_number():
    with pytest.raises(DataError, match=r"3 labelled pairs are relevant and 97 are not; calibrate.min_labels is 30"):
        check_labels(np.arange(100) < 3, 30)


def test_labels_of_one_component_are_rejected():
    scores, relevant = np.linspace(0, 1, 100), np.arange(100) > 40
    with pytest.raises(DataError, match="label pairs of more components"):
        cross_fit(scores, relevant, np.where(relevant, 1, 2), CalibrationSettings(min_labels=10))


def stored():
    curve = CalibrationMap("isotonic", (0.1, 0.9), (0.0, 1.0))
    return ScoreCalibration(
        model="m#1",
        prompt_hash="ab",
        map=curve,
        threshold=0.5,
        labels=10,
        relevant=5,
        usable=True,
        why="kappa 0.9",
        numbers={"auc": 1.0},
    )


def test_a_calibration_is_read_as_it_was_written():
    assert ScoreCalibration.from_json(stored().to_json(), "m#1", "ab") == stored()


@pytest.mark.parametrize(("model", "prompt_hash"), [("m#2", "ab"), ("m#1", "cd")])
def test_a_calibration_of_another_judge_or_question_is_rejected(model, prompt_hash):
    with pytest.raises(DataError, match="fitted for m#1 and question ab"):
        ScoreCalibration.from_json(stored().to_json(), model, prompt_hash)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"map": 3}', '{"map": {"method": "isotonic"}}'])
def test_a_damaged_calibration_is_rejected_with_a_message(text):
    with pytest.raises(DataError, match="calibrate again"):
        ScoreCalibration.from_json(text, "m#1", "ab")
