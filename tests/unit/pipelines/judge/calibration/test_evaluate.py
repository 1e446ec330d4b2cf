"""Whether a judge passes: good judges do, bad ones and those that ignore pictures do not."""

import numpy as np
import pytest
from scipy.special import expit

from pipelines.judge.calibration.control_questions import ControlScores
from pipelines.judge.calibration.evaluate import LabelledPairs, evaluate
from pipelines.judge.calibration.fit import CalibrationSettings


def labelled(noise, n=600, seed=0):
    """A judge whose logit is right but for noise."""
    chance = np.random.default_rng(seed)
    relevant = chance.random(n) < 0.4
    scores = expit(np.where(relevant, 2.0, -2.0) + chance.normal(0, noise, n))
    tasks = np.where(chance.random(n) < 0.5, "image_to_note", "note_to_note")
    negatives = expit(-2.0 + chance.normal(0, noise, 200))
    return LabelledPairs(scores=scores, relevant=relevant, groups=np.arange(n) // 4, tasks=tasks, negatives=negatives)


def test_a_good_judge_is_calibrated():
    calibration, evaluation = evaluate(labelled(0.5), None, None, CalibrationSettings(draws=200), ("m", "q"))
    assert calibration.usable and "kappa" in calibration.why
    assert evaluation.auc > 0.99 and evaluation.kappa.low > 0.9
    assert evaluation.error_after < evaluation.error_before
    assert 0 < evaluation.error_floor < evaluation.error_before
    assert all(0.9 < one.low <= one.value <= one.high <= 1 for one in evaluation.rates)
    assert {"error_floor", "sensitivity", "sensitivity_low", "specificity_high", "kappa_low", "rate"} <= set(
        calibration.numbers
    )
    assert calibration.numbers["specificity"] == pytest.approx(evaluation.rates.specificity.value, abs=1e-6)
    assert sum(n for n, _, _ in evaluation.by_task.values()) == evaluation.labels == 600
    assert sum(map(sum, evaluation.histogram)) == 600
    assert (calibration.model, calibration.prompt_hash) == ("m", "q")


def test_a_judge_of_noise_is_rejected_with_its_kappa():
    calibration, evaluation = evaluate(labelled(40.0), None, None, CalibrationSettings(draws=200), ("m", "q"))
    assert not calibration.usable
    assert "below calibrate.min_kappa" in calibration.why
    assert evaluation.auc < 0.7


def control(scores, relevant, after):
    return ControlScores(scores[:100], after, relevant[:100])


def test_a_judge_that_ignores_the_pictures_is_rejected_whatever_its_agreement():
    rows = labelled(0.5)
    same = control(rows.scores, rows.relevant, rows.scores[:100] + 1e-6)
    calibration, evaluation = evaluate(rows, None, same, CalibrationSettings(draws=200), ("m", "q"))
    assert not calibration.usable
    assert "does not use the pictures" in calibration.why
    assert evaluation.blank.changed == 0


def test_a_judge_that_uses_the_pictures_passes_and_is_worse_without_them():
    rows = labelled(0.5)
    lost = control(rows.scores, rows.relevant, np.full(100, 0.3))
    calibration, evaluation = evaluate(rows, None, lost, CalibrationSettings(draws=200), ("m", "q"))
    assert calibration.usable
    assert evaluation.blank.changed == 1
    assert evaluation.blank_auc[0] > 0.99 and evaluation.blank_auc[1] == 0.5


def test_a_judge_that_depends_on_the_order_has_a_negative_correlation():
    rows = labelled(0.5)
    turned = control(rows.scores, rows.relevant, 1 - rows.scores[:100])
    _, evaluation = evaluate(rows, turned, None, CalibrationSettings(draws=200), ("m", "q"))
    assert evaluation.swap_correlation == pytest.approx(-1)
    assert evaluation.swap.flipped > 0.9


def test_a_control_without_a_score_counts_no_pair():
    rows = labelled(0.5)
    calibration, evaluation = evaluate(
        rows, None, control(rows.scores, rows.relevant, np.full(100, np.nan)), CalibrationSettings(draws=200), ("m", "q")
    )
    assert calibration.usable
    assert evaluation.blank.pairs == 0
