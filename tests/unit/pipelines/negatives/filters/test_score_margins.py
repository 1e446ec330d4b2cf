"""Each published rule at its edges, and the traps."""

import numpy as np
import pytest

from pipelines.negatives.filters.score_margins import PRESETS, Margin, MarginSettings, below_margin, in_band, positive_scores
from schemas.errors import SettingsError


def keeps(margin, score, positive):
    return bool(below_margin(np.array([score]), np.array([positive]), margin)[0] and in_band(np.array([score]), margin)[0])


@pytest.mark.parametrize(("score", "kept"), [(0.4999, False), (0.5, True), (0.7, True), (0.7001, False)])
def test_the_band_counts_its_ends_in(score, kept):
    assert keeps(PRESETS["uninote-band"], score, 0.1) is kept


@pytest.mark.parametrize(("score", "positive", "kept"), [(0.75, 0.8, True), (0.76, 0.8, False), (0.77, 0.8, False)])
def test_percpos_keeps_what_is_below_95_percent(score, positive, kept):
    assert keeps(PRESETS["nv-percpos-0.95"], score, positive) is kept


def test_a_relative_margin_does_not_flip_for_a_negative_positive():
    """0.95 * -0.2 is -0.19, above the positive: a candidate better than the positive would be kept."""
    percpos = PRESETS["nv-percpos-0.95"]
    assert not keeps(percpos, -0.195, -0.2)
    assert not keeps(percpos, -0.205, -0.2)
    assert keeps(percpos, -0.22, -0.2)


def test_qwen_lets_a_candidate_rise_above_the_mean_by_its_margin():
    wider = MarginSettings(preset="qwen-mean-margin", absolute=-0.1).margin()
    assert keeps(wider, 0.69, 0.6) and not keeps(wider, 0.71, 0.6)
    assert keeps(PRESETS["qwen-mean-margin"], 0.59, 0.6) and not keeps(PRESETS["qwen-mean-margin"], 0.6, 0.6)


def test_unime_keeps_the_limit_itself():
    judge = PRESETS["unime2-judge"]
    assert keeps(judge, 0.49, 0.5) and not keeps(judge, 0.495, 0.5)
    assert judge.scores == "judge"


def test_the_least_positive_or_the_mean_stands_for_a_query():
    scores, owners = np.array([0.9, 0.3, 0.6, np.nan]), np.array([0, 0, 2, 1])
    assert positive_scores(scores, owners, 3, Margin())[0].tolist()[0::2] == [0.3, 0.6]
    mean, _ = positive_scores(scores, owners, 3, Margin(positive="mean"))
    assert mean[0] == pytest.approx(0.6) and np.isnan(mean[1])


def test_a_query_is_given_up_when_no_positive_scores_enough():
    scores, owners = np.array([0.9, 0.1, 0.4]), np.array([0, 0, 1])
    _, given_up = positive_scores(scores, owners, 3, Margin(least_positive=0.4))
    assert given_up.tolist() == [False, True, False]


def test_no_margin_binds_a_query_whose_positive_has_no_score():
    assert keeps(PRESETS["nv-percpos-0.95"], 0.99, np.nan)


def test_settings_beat_the_preset_and_keep_its_kind():
    margin = MarginSettings(preset="qwen-mean-margin", floor=0.2, relative=0.0).margin()
    assert margin == Margin(floor=0.2, relative=0.0, absolute=0.0, positive="mean", strict=True)


def test_an_empty_band_and_a_relative_margin_that_is_no_share_are_refused():
    with pytest.raises(SettingsError, match="empty"):
        MarginSettings(preset="uninote-band", ceiling=0.3).margin()
    with pytest.raises(SettingsError, match=r"0\.05 keeps"):
        Margin(relative=5)
