"""Grades from probabilities, and rows of JUDGEMENTS."""

import numpy as np
import pyarrow as pa
import pytest

from pipelines.judge.calibration.fit import CalibrationMap, ScoreCalibration
from pipelines.judge.grades import Grades, grades, judgements
from pipelines.judge.score_cache import ANSWERS
from schemas.datasets import JUDGEMENTS
from schemas.errors import SettingsError

SCORES = np.array([0.0, 0.49, 0.5, 0.79, 0.8, 0.95, 1.0, np.nan])
CALIBRATION = ScoreCalibration(
    model="m",
    prompt_hash="q",
    map=CalibrationMap("isotonic", (0.0, 1.0), (0.0, 0.5)),
    threshold=0.5,
    labels=1,
    relevant=1,
    usable=True,
    why="",
)


def test_a_grade_starts_at_its_cut():
    assert grades(SCORES, None, Grades()).tolist() == [0, 0, 1, 1, 2, 3, 3, -1]


def test_grades_follow_the_probability_if_there_is_one():
    assert grades(SCORES, np.full(8, 0.9), Grades()).tolist() == [2] * 7 + [-1]


def test_by_score_a_pair_is_relevant_by_its_probability_and_graded_by_its_score():
    sure, not_sure = np.full(8, 0.9), np.full(8, 0.1)
    assert grades(SCORES, sure, Grades(by="score")).tolist() == [1, 1, 1, 1, 2, 3, 3, -1]
    assert grades(SCORES, not_sure, Grades(by="score")).tolist() == [0] * 7 + [-1]


def test_cuts_that_do_not_rise_are_refused():
    with pytest.raises(SettingsError, match="expected rising values"):
        Grades(little=0.9)


def answers(*rows):
    answer_rows = [
        {
            "query_id": "a",
            "candidate_id": f"c{n}",
            "task": "note_to_note",
            "pictures": "",
            "score": score,
            "reason": reason,
            "flagged": flag,
        }
        for n, (score, reason, flag) in enumerate(rows)
    ]
    return pa.Table.from_pylist(answer_rows, ANSWERS)


def test_a_judge_without_a_calibration_has_null_in_every_row():
    rows = judgements(answers((0.7, None, "orders"), (None, "too long", None)), ("m", "q"), None, Grades())
    JUDGEMENTS.check(rows.schema)
    assert rows.column("calibrated").to_pylist() == [None, None]
    assert rows.column("grade").to_pylist() == [1, None]
    assert rows.column("flagged").to_pylist() == ["orders", None]


def test_a_calibrated_judge_has_a_probability_wherever_it_has_a_score():
    rows = judgements(
        answers((0.7, None, None), (None, "too long", None), (1.0, None, None)), ("m", "q"), CALIBRATION, Grades()
    )
    assert rows.column("calibrated").to_pylist() == [pytest.approx(0.35), None, 0.5]
    assert rows.column("grade").to_pylist() == [0, None, 1]
    assert set(rows.column("judge").to_pylist()) == {"m"}
