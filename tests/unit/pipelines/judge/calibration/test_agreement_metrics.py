"""Each number against its definition, written out pair by pair."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.judge.calibration.agreement_metrics import (
    corrected_rate,
    kappa,
    kappa_interval,
    roc_auc,
    roc_curve,
    ties,
)

SLOW_FIRST = settings(deadline=None, max_examples=60)

COARSE = st.integers(0, 8).map(lambda n: n / 8)
LABELLED = st.lists(st.tuples(COARSE, st.booleans()), min_size=1, max_size=40)
VERDICTS = st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=40)


def arrays(rows):
    one, other = zip(*rows, strict=True)
    return np.array(one), np.array(other, bool)


@SLOW_FIRST
@given(LABELLED)
def test_auc_is_the_share_of_pairs_of_pairs_in_the_right_order(rows):
    scores, relevant = arrays(rows)
    wins = [
        (a > b) + 0.5 * (a == b) for (a, yes), (b, no) in itertools.product(rows, rows) if yes and not no
    ]  # every relevant pair against every other
    result = roc_auc(scores, relevant)
    assert math.isnan(result) if not wins else result == pytest.approx(sum(wins) / len(wins))


@SLOW_FIRST
@given(LABELLED)
def test_the_area_under_the_curve_is_the_auc(rows):
    scores, relevant = arrays(rows)
    false, true = roc_curve(scores, relevant)
    if relevant.any() and not relevant.all():
        assert np.trapezoid(true, false) == pytest.approx(roc_auc(scores, relevant))
        assert (false[0], true[0], false[-1], true[-1]) == (0, 0, 1, 1)


@SLOW_FIRST
@given(VERDICTS)
def test_kappa_is_agreement_beyond_chance(rows):
    judged, relevant = arrays(rows)
    n = len(rows)
    agreed = sum(a == b for a, b in rows) / n
    chance = sum((sum(a == v for a, _ in rows) / n) * (sum(b == v for _, b in rows) / n) for v in (True, False))
    expected = 1.0 if chance == 1 else (agreed - chance) / (1 - chance)
    assert kappa(judged.astype(bool), relevant) == pytest.approx(expected)


def test_the_interval_of_kappa_is_that_of_drawing_whole_groups_by_hand():
    chance = np.random.default_rng(3)
    groups = chance.integers(0, 60, 600)
    relevant = chance.random(600) < 0.4
    judged = np.where(groups % 3 == 0, ~relevant, relevant)  # a judge that is wrong on whole components
    result = kappa_interval(judged, relevant, groups, 2000, 0.9, 0)
    by_hand = []
    for _ in range(2000):
        drawn = chance.integers(0, 60, 60)
        rows = np.concatenate([np.flatnonzero(groups == g) for g in drawn])
        by_hand.append(kappa(judged[rows], relevant[rows]))
    low, high = np.quantile(by_hand, [0.05, 0.95])
    assert result.value == kappa(judged, relevant)
    assert (result.low, result.high) == (pytest.approx(low, abs=0.03), pytest.approx(high, abs=0.03))
    alone = kappa_interval(judged, relevant, np.arange(600), 2000, 0.9, 0)
    assert alone.high - alone.low < 0.7 * (result.high - result.low)


def test_an_interval_does_not_depend_on_the_groups_names_or_the_hour():
    chance = np.random.default_rng(4)
    judged, relevant, groups = chance.random(90) < 0.5, chance.random(90) < 0.5, chance.integers(0, 9, 90)
    assert kappa_interval(judged, relevant, groups, 200, 0.9, 1) == kappa_interval(
        judged, relevant, groups * 7 + 5, 200, 0.9, 1
    )


def test_the_corrected_rate_finds_the_true_one_behind_a_judge_with_known_errors():
    chance = np.random.default_rng(5)
    true, sensitivity, specificity = 0.1, 0.8, 0.9
    unlabelled = chance.random(40_000) < true
    relevant = chance.random(4_000) < 0.5

    def verdicts(of):
        return np.where(of, chance.random(len(of)) < sensitivity, chance.random(len(of)) >= specificity)

    apparent = verdicts(unlabelled)
    result = corrected_rate(apparent, verdicts(relevant), relevant, np.arange(4_000), 500, 0.95, 0)
    assert apparent.mean() == pytest.approx(0.17, abs=0.01)
    assert result.value == pytest.approx(true, abs=0.03)
    assert result.low < true < result.high


def test_none_called_relevant_is_not_never():
    relevant = np.arange(100) < 50
    result = corrected_rate(np.zeros(1000, bool), relevant, relevant, np.arange(100), 500, 0.95, 0)
    assert result.value == 0
    assert 0.0005 < result.high < 0.01


def test_a_judge_at_chance_corrects_nothing():
    relevant = np.arange(100) < 50
    assert math.isnan(corrected_rate(np.ones(10, bool), np.arange(100) % 2 == 0, relevant, np.arange(100), 100, 0.95, 0).value)


def test_ties_count_the_pairs_that_share_a_score():
    result = ties(np.array([0.1, 0.1, 0.1, 0.4, 0.5, 0.5]))
    assert (result.distinct, result.tied, result.largest) == (3, 5 / 6, 0.5)
    assert ties(np.zeros(0)).distinct == 0
