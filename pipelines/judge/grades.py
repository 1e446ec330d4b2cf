"""ANSWERS and a calibration -> JUDGEMENTS: probabilities and grades."""

from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pydantic import Field

from pipelines.judge.calibration.fit import ScoreCalibration
from schemas.datasets import JUDGEMENTS
from schemas.errors import SettingsError

NOT_RELEVANT, A_LITTLE, MOSTLY, SAME = range(4)
Cut = Annotated[float, Field(ge=0, le=1)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Grades:
    """Settings of `grades`: the least value of each grade. Chosen by us."""

    by: Literal["calibrated", "score"] = "calibrated"
    """calibrated: grade by the probability that the candidate is relevant if there is one, else by the score. score: always by
    the score, for a judge that measures an amount and not a confidence, such as `overlap`; a pair with a probability below
    `little` has grade 0 nevertheless."""
    little: Cut = 0.5
    """Least value of grade 1; like the guard's judge_ceiling, more likely relevant than not."""
    mostly: Cut = 0.8
    """Least value of grade 2."""
    same: Cut = 0.95
    """Least value of grade 3."""

    def __post_init__(self) -> None:
        """Reject cuts that do not rise."""
        if not self.little <= self.mostly <= self.same:
            raise SettingsError(f"grades: little {self.little}, mostly {self.mostly}, same {self.same}; expected rising values")


def grades(scores: NDArray[np.float64], calibrated: NDArray[np.float64] | None, settings: Grades) -> NDArray[np.int32]:
    """[n] 0 to 3; -1 without a score.

    Args:
        scores: [n] NaN: no score.
        calibrated: [n] probabilities of the same pairs, or None.
        settings: the cuts.
    """
    value = scores if calibrated is None or settings.by == "score" else calibrated
    out = sum((value >= cut).astype(np.int32) for cut in (settings.little, settings.mostly, settings.same))
    if calibrated is not None and settings.by == "score":
        out = np.where(calibrated < settings.little, NOT_RELEVANT, np.maximum(out, A_LITTLE))
    return np.where(np.isnan(scores), -1, out).astype(np.int32)


def all_judgements(
    answers: pa.Table, judge: tuple[str, str], calibration: ScoreCalibration | None, settings: Grades, others: pa.Table
) -> pa.Table:
    """JUDGEMENTS of this judge and of others, in the order of the key.

    Args:
        answers: as `judgements`.
        judge: as `judgements`.
        calibration: as `judgements`.
        settings: as `judgements`.
        others: JUDGEMENTS to keep.
    """
    whole = pa.concat_tables([judgements(answers, judge, calibration, settings), others])
    return whole.sort_by([(name, "ascending") for name in JUDGEMENTS.key])


def judgements(answers: pa.Table, judge: tuple[str, str], calibration: ScoreCalibration | None, settings: Grades) -> pa.Table:
    """JUDGEMENTS, in the order of the rows.

    Args:
        answers: ANSWERS.
        judge: model and prompt_hash.
        calibration: of this judge, or None: then `calibrated` is null in every row.
        settings: the cuts of the grades.
    """
    scores = np.asarray(answers.column("score").to_numpy(), np.float64)
    calibrated = calibration.map(scores) if calibration else None
    grade = grades(scores, calibrated, settings)
    none = np.isnan(scores)
    columns = {
        name: answers.column(name) for name in ("query_id", "candidate_id", "task", "score", "flagged", "reason", "detail")
    }
    columns |= {
        "judge": pa.array([judge[0]] * len(answers), pa.string()),
        "prompt_hash": pa.array([judge[1]] * len(answers), pa.string()),
        "calibrated": pa.nulls(len(answers), pa.float64()) if calibrated is None else pa.array(calibrated, mask=none),
        "grade": pa.array(grade, mask=none),
    }
    return pa.table([columns[name] for name in JUDGEMENTS.columns.names], schema=JUDGEMENTS.columns)
