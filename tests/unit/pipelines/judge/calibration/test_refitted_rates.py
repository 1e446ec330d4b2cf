"""Sensitivity and specificity: planted rates are found, and each draw fits its own map and measures it on other groups."""

import math

import numpy as np
import pytest

from pipelines.judge.calibration.fit import CalibrationSettings, cross_fit, fit_map
from pipelines.judge.calibration.refitted_rates import refitted_rates

SENSITIVITY, SPECIFICITY = 0.8, 0.9


def rates_of(scores, relevant, groups, **changed):
    settings = CalibrationSettings(draws=200, **changed)
    return refitted_rates(scores, relevant, groups, cross_fit(scores, relevant, groups, settings) >= 0.5, settings)


def planted(seed, n=400):
    """A judge with two scores that is right about a relevant pair with 0.8, about another with 0.9."""
    chance = np.random.default_rng(seed)
    relevant = chance.random(n) < 0.4
    high = np.where(relevant, chance.random(n) < SENSITIVITY, chance.random(n) >= SPECIFICITY)
    return np.where(high, 0.9, 0.1), relevant, np.arange(n) // 2


def test_intervals_contain_the_planted_rates_and_are_not_wide():
    inside, widths = [], []
    for seed in range(100):
        scores, relevant, groups = planted(seed)
        one, other = rates_of(scores, relevant, groups)
        inside.append((one.low <= SENSITIVITY <= one.high, other.low <= SPECIFICITY <= other.high))
        widths.append((one.high - one.low) / (2 * 1.96 * math.sqrt(SENSITIVITY * (1 - SENSITIVITY) / relevant.sum())))
    assert np.mean(inside, axis=0).min() >= 0.93
    assert 1.1 < np.mean(widths) < 1.5  # times the interval of a known map; 1.31: measured on 37 % of the pairs


def by_hand(scores, relevant, groups, draws):
    """The rates of each draw, group by group, with draws of its own."""
    chance = np.random.default_rng(99)
    names, out = np.unique(groups), []
    for _ in range(draws):
        taken = chance.choice(names, len(names))
        rows = np.concatenate([np.flatnonzero(groups == name) for name in taken])
        called = fit_map(scores[rows], relevant[rows], "isotonic")(scores) >= 0.5
        left = [k for k in range(len(scores)) if groups[k] not in set(taken.tolist())]
        yes, no = ([k for k in left if relevant[k] == kind] for kind in (True, False))
        out.append((sum(called[k] for k in yes) / len(yes), sum(not called[k] for k in no) / len(no)))
    return np.array(out)


def test_both_intervals_are_those_of_drawing_whole_groups_by_hand():
    chance = np.random.default_rng(3)
    groups = chance.integers(0, 50, 300)
    relevant = chance.random(300) < 0.4
    fooled = groups % 8 == 0  # the judge is wrong on whole components
    scores = np.clip(np.where(relevant != fooled, 0.6, 0.4) + chance.normal(0, 0.08, 300), 0, 1)
    settings = CalibrationSettings(draws=1000)
    result = refitted_rates(scores, relevant, groups, cross_fit(scores, relevant, groups, settings) >= 0.5, settings)
    ends = np.quantile(by_hand(scores, relevant, groups, 1000), [0.025, 0.975], axis=0)
    for k, one in enumerate(result):
        assert (one.low, one.high) == (pytest.approx(ends[0, k], abs=0.04), pytest.approx(ends[1, k], abs=0.04))
    alone = rates_of(scores, relevant, np.arange(300))
    assert alone.sensitivity.high - alone.sensitivity.low < 0.8 * (result.sensitivity.high - result.sensitivity.low)


def test_the_map_is_fitted_again_where_the_threshold_falls_on_a_score_of_half_relevant_pairs():
    counts = {(0.0, True): 5, (0.0, False): 200, (0.5, True): 60, (0.5, False): 60, (1.0, True): 60}
    pairs = [pair for pair, count in counts.items() for _ in range(count)]
    scores, relevant = np.array([s for s, _ in pairs]), np.array([r for _, r in pairs])
    result = rates_of(scores, relevant, np.arange(len(pairs))).sensitivity
    # With 0.5 called relevant it is 120 / 125, without 60 / 125; a map that stays gives one of them, within 0.15.
    assert result.low < 0.6 and result.high > 0.9


def test_rates_are_measured_on_the_groups_outside_the_draw():
    chance = np.random.default_rng(5)
    scores, relevant = chance.random(80), chance.random(80) < 0.5
    middle = [(one.low + one.high) / 2 for one in rates_of(scores, relevant, np.arange(80))]
    assert sum(middle) == pytest.approx(1, abs=0.1)  # noise: measured on its own pairs, an isotonic map gives 1.2 or more


def test_a_draw_of_one_kind_has_no_map_and_a_kind_in_one_group_no_interval():
    relevant = np.arange(200) < 40
    scores = np.where(relevant | (np.arange(200) % 8 == 0), 0.9, 0.1)  # 20 of 160 others score as the relevant ones
    groups = np.where(relevant, 0, np.arange(200))
    one, other = refitted_rates(scores, relevant, groups, scores > 0.5, CalibrationSettings(draws=100))
    assert one.value == 1 and math.isnan(one.low) and math.isnan(one.high)
    assert other.value == 0.875
    assert 0.7 < other.low < 0.875 < other.high < 1  # a map without relevant pairs would call none relevant: 1


def test_the_rates_do_not_depend_on_the_order_or_the_groups_names():
    scores, relevant, groups = planted(1)
    mixed = np.random.default_rng(0).permutation(len(scores))
    settings = CalibrationSettings(draws=100)
    verdicts = scores > 0.5
    assert refitted_rates(scores, relevant, groups, verdicts, settings) == refitted_rates(
        scores[mixed], relevant[mixed], groups[mixed] * 7 + 5, verdicts[mixed], settings
    )
