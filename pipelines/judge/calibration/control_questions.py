"""Two questions whose answer is known: does it matter who is shown first, and does the judge see the pictures at all?"""

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
"""The task with query and candidate in each other's place; ocr_to_note has none."""
GREY = 128
"""Of a blank picture."""
MOVED = 1e-4
"""A smaller change of a score is the rounding of a batch."""


@dataclass(frozen=True, slots=True)
class Control:
    """The same pairs asked twice."""

    before: Numbers
    """[n] scores as asked; NaN: none."""
    after: Numbers
    """[n] scores in the control."""
    relevant: NDArray[np.bool_]
    """[n] their labels."""


@dataclass(frozen=True, slots=True)
class Moved:
    """What a control did to the scores of its pairs."""

    pairs: int
    """With a score both ways."""
    mean: float
    """Mean absolute change of the score."""
    moved: float
    """Share of the pairs whose score changed at all."""
    flipped: float
    """Share whose verdict changed."""


def swapped(pairs: pa.Table) -> pa.Table:
    """PAIRS with query and candidate in each other's place; pairs of a task that has no reverse are left out.

    Columns beside those of PAIRS stay as they are.
    """
    able = pairs.filter(pc.is_in(pairs.column("task"), value_set=pa.array(list(REVERSED))))
    places = {"query_id": "candidate_id", "candidate_id": "query_id", "query": "candidate", "candidate": "query"}
    columns = {name: able.column(places.get(name, name)) for name in able.column_names}
    columns["task"] = pa.array([REVERSED[name] for name in able.column("task").to_pylist()], pa.string())
    return pa.table(columns)


def pictured(pairs: pa.Table) -> pa.Table:
    """The PAIRS in which a picture is shown."""
    sides = [pc.list_value_length(pc.struct_field(pairs.column(side), "image_ids")) for side in ("query", "candidate")]
    return pairs.filter(pc.greater(pc.add(*[pc.fill_null(one, 0) for one in sides]), 0))


def blanked(pictures: Mapping[str, Picture]) -> dict[str, Picture]:
    """The pictures as grey ones of the same size; what could not be read stays so."""
    return {name: np.full_like(one, GREY) if isinstance(one, np.ndarray) else one for name, one in pictures.items()}


def moved(before: Numbers, after: Numbers, verdicts: tuple[NDArray[np.bool_], NDArray[np.bool_]]) -> Moved:
    """Compare the scores of the same pairs.

    Args:
        before: [n] as asked; NaN: none.
        after: [n] in the control.
        verdicts: [n] whether each is called relevant, before and after.
    """
    both = np.isfinite(before) & np.isfinite(after)
    if not both.any():
        return Moved(0, float("nan"), float("nan"), float("nan"))
    change = np.abs(before - after)[both]
    flips = (verdicts[0] != verdicts[1])[both]
    return Moved(int(both.sum()), float(change.mean()), float((change > MOVED).mean()), float(flips.mean()))
