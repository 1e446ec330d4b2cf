"""Two controls of a judge: does the order of query and candidate matter, and does the judge use the pictures at all?"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pipelines.judge.protocol import Picture
from schemas.item import TASKS

Numbers = NDArray[np.float64]

REVERSED = {task: other for task in TASKS if (other := "_to_".join(reversed(task.split("_to_")))) in TASKS}
"""Task -> the task with query and candidate swapped; ocr_to_note has none."""
GREY = 128
"""Grey level of a blank picture."""
MIN_CHANGE = 1e-4
"""A smaller change of a score is rounding within a batch."""


@dataclass(frozen=True, slots=True)
class ControlScores:
    """The same pairs judged twice."""

    before: Numbers
    """[n] original scores; NaN: no score."""
    after: Numbers
    """[n] scores in the control."""
    relevant: NDArray[np.bool_]
    """[n] labels."""


@dataclass(frozen=True, slots=True)
class ScoreChange:
    """The change of scores in a control."""

    pairs: int
    """Pairs with both scores."""
    mean: float
    """Mean absolute change of the score."""
    changed: float
    """Share of the pairs with a different score."""
    flipped: float
    """Share of the pairs with a different verdict."""


def swap_pairs(pairs: pa.Table) -> pa.Table:
    """PAIRS with query and candidate swapped; pairs of a task without a reverse are left out.

    Other columns are not changed.
    """
    reversible = pairs.filter(pc.is_in(pairs.column("task"), value_set=pa.array(list(REVERSED))))
    renamed = {"query_id": "candidate_id", "candidate_id": "query_id", "query": "candidate", "candidate": "query"}
    columns = {name: reversible.column(renamed.get(name, name)) for name in reversible.column_names}
    columns["task"] = pa.array([REVERSED[name] for name in reversible.column("task").to_pylist()], pa.string())
    return pa.table(columns)


def pairs_with_pictures(pairs: pa.Table) -> pa.Table:
    """The PAIRS with at least one picture."""
    sides = [pc.list_value_length(pc.struct_field(pairs.column(side), "image_ids")) for side in ("query", "candidate")]
    return pairs.filter(pc.greater(pc.add(*[pc.fill_null(one, 0) for one in sides]), 0))


def blank_pictures(pictures: Mapping[str, Picture]) -> dict[str, Picture]:
    """The pictures replaced by grey ones of the same size; unreadable ones stay unreadable."""
    return {name: np.full_like(one, GREY) if isinstance(one, np.ndarray) else one for name, one in pictures.items()}


def score_change(before: Numbers, after: Numbers, verdicts: tuple[NDArray[np.bool_], NDArray[np.bool_]]) -> ScoreChange:
    """Compare the scores of the same pairs.

    Args:
        before: [n] original scores; NaN: no score.
        after: [n] scores in the control.
        verdicts: [n] whether each pair is called relevant, before and after.
    """
    both = np.isfinite(before) & np.isfinite(after)
    if not both.any():
        return ScoreChange(0, float("nan"), float("nan"), float("nan"))
    change = np.abs(before - after)[both]
    flips = (verdicts[0] != verdicts[1])[both]
    return ScoreChange(int(both.sum()), float(change.mean()), float((change > MIN_CHANGE).mean()), float(flips.mean()))
