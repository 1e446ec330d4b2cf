"""The calibration error against its definition, and its floor against the exact expectation."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom

from pipelines.judge.calibration.calibration_error import calibration_error, error_floor, reliability
from tests.unit.pipelines.judge.calibration.test_agreement_metrics import LABELLED, arrays

SLOW_FIRST = settings(deadline=None, max_examples=60)


@SLOW_FIRST
@given(LABELLED, st.integers(2, 12))
def test_calibration_error_is_the_mean_gap_of_the_bins(rows, bins):
    probabilities, relevant = arrays(rows)
    gap = 0.0
    for k in range(bins):
        mine = [(p, r) for p, r in rows if k / bins <= p < (k + 1) / bins or (k == bins - 1 and p == 1)]
        if mine:
            gap += abs(sum(p for p, _ in mine) - sum(r for _, r in mine)) / len(rows)
    assert calibration_error(probabilities, relevant, bins) == pytest.approx(gap)


@SLOW_FIRST
@given(LABELLED, st.integers(2, 12))
def test_the_reliability_curve_has_every_pair_once(rows, bins):
    curve = reliability(*arrays(rows), bins)
    assert curve.counts.sum() == len(rows)
    assert (curve.counts * curve.observed).sum() == pytest.approx(sum(relevant for _, relevant in rows))


def test_the_floor_is_the_expected_gap_of_fair_draws():
    counts = {0.05: 200, 0.33: 30, 0.5: 4, 0.97: 61}  # one probability a bin: the number of relevant pairs is binomial
    n = sum(counts.values())
    exact = 0.0
    for p, count in counts.items():
        hits = np.arange(count + 1)
        exact += (binom.pmf(hits, count, p) * np.abs(hits - count * p)).sum() / n
    probabilities = np.repeat(list(counts), list(counts.values()))
    assert error_floor(probabilities, 10, 0) == pytest.approx(exact, rel=0.06)


def test_a_perfectly_calibrated_judge_is_at_the_floor_and_another_above_it():
    chance = np.random.default_rng(1)
    probabilities = chance.beta(0.5, 1.5, 300)
    drawn = [chance.random(300) < probabilities for _ in range(300)]
    errors = [calibration_error(probabilities, relevant, 10) for relevant in drawn]
    assert np.mean(errors) == pytest.approx(error_floor(probabilities, 10, 0), rel=0.06)
    bold = probabilities**3
    assert np.mean([calibration_error(bold, relevant, 10) for relevant in drawn]) > 3 * error_floor(bold, 10, 0)


def test_the_floor_falls_with_the_pairs_and_is_none_for_certain_ones():
    few, many = (error_floor(np.full(n, 0.4), 10, 0) for n in (100, 10_000))
    assert few == pytest.approx(10 * many, rel=0.2)
    assert error_floor(np.array([0.0, 1.0, 1.0]), 10, 0) == 0
