"""Whether a judge passes: good ones do, bad ones and blind ones do not."""

import numpy as np
import pytest
from scipy.special import expit

from pipelines.judge.calibration.control_questions import Control
from pipelines.judge.calibration.evaluate import Labelled, measured
from pipelines.judge.calibration.fit import Calibrate


def labelled(noise, n=600, seed=0):
    """A judge whose logit is right but for noise."""
    chance = np.random.default_rng(seed)
    relevant = chance.random(n) < 0.4
    scores = expit(np.where(relevant, 2.0, -2.0) + chance.normal(0, noise, n))
    tasks = np.where(chance.random(n) < 0.5, "image_to_note", "note_to_note")
    negatives = expit(-2.0 + chance.normal(0, noise, 200))
    return Labelled(scores=scores, relevant=relevant, groups=np.arange(n) // 4, tasks=tasks, negatives=negatives)


def test_a_good_judge_is_calibrated_and_said_so():
    made, found = measured(labelled(0.5), None, None, Calibrate(draws=200), ("m", "q"))
    assert made.usable and "kappa" in made.why
    assert found.auc > 0.99 and found.kappa.low > 0.9
    assert found.error_after < found.error_before
    assert sum(n for n, _, _ in found.by_task.values()) == found.labels == 600
    assert sum(map(sum, found.histogram)) == 600
    assert (made.model, made.prompt_hash) == ("m", "q")


def test_a_judge_of_noise_is_refused_with_its_kappa():
    made, found = measured(labelled(40.0), None, None, Calibrate(draws=200), ("m", "q"))
    assert not made.usable
    assert "below calibrate.least_kappa" in made.why
    assert found.auc < 0.7


def control(scores, relevant, after):
    return Control(scores[:100], after, relevant[:100])


def test_a_judge_that_does_not_see_the_pictures_is_refused_however_well_it_agrees():
    rows = labelled(0.5)
    same = control(rows.scores, rows.relevant, rows.scores[:100] + 1e-6)
    made, found = measured(rows, None, same, Calibrate(draws=200), ("m", "q"))
    assert not made.usable
    assert "does not see them" in made.why
    assert found.blank.moved == 0


def test_a_judge_that_sees_them_passes_and_loses_by_their_absence():
    rows = labelled(0.5)
    lost = control(rows.scores, rows.relevant, np.full(100, 0.3))
    made, found = measured(rows, None, lost, Calibrate(draws=200), ("m", "q"))
    assert made.usable
    assert found.blank.moved == 1
    assert found.blank_auc[0] > 0.99 and found.blank_auc[1] == 0.5


def test_a_judge_that_follows_the_order_shows_it():
    rows = labelled(0.5)
    turned = control(rows.scores, rows.relevant, 1 - rows.scores[:100])
    _, found = measured(rows, turned, None, Calibrate(draws=200), ("m", "q"))
    assert found.swap_order == pytest.approx(-1)
    assert found.swap.flipped > 0.9


def test_a_control_without_a_score_counts_no_pair():
    rows = labelled(0.5)
    made, found = measured(
        rows, None, control(rows.scores, rows.relevant, np.full(100, np.nan)), Calibrate(draws=200), ("m", "q")
    )
    assert made.usable
    assert found.blank.pairs == 0
