"""Qilin's sessions -> CLICKS_IN."""

from collections import Counter
from collections.abc import Iterator
from functools import reduce
from pathlib import Path
from typing import Literal

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.sources.importers.pandas_numbers import field, names, whole
from pipelines.sources.importers.qilin_files import RESULTS, TIMES, batches
from schemas.datasets import TIME
from schemas.errors import DataError
from schemas.inputs import CLICKS_IN

HISTORY = "recent_clicked_note_idxs"
SECOND = 1_000_000
History = Literal["leave out", "oldest first", "newest first"]
"""What to do with the notes that a user is said to have clicked before: they come without times."""


def qilin_clicks(qilin: Path, history: History, counts: Counter[str]) -> Iterator[pa.Table]:
    """CLICKS_IN from every folder of RESULTS that is there, a few thousand rows of theirs at a time.

    A click is a result with click = 1, at the result's time. With a `history`, the notes clicked before the request are
    clicks, too, one second apart and the last of them one second before the row's first result, in the order that it says.

    Args:
        qilin: the folder with Qilin's folders.
        history: what to do with clicks without times.
        counts: what was read and left out is added here.

    Raises:
        DataError: a column is missing or of another type.
    """
    for folder, results in RESULTS.items():
        if not (qilin / folder).is_dir():
            counts[f"folders that are not there: {folder}"] += 1
            continue
        for batch in batches(qilin / folder, ["session_idx", "user_idx", HISTORY, results]):
            counts["requests read"] += len(batch)
            yield from _clicks(batch, results, history, counts)


def _clicks(batch: pa.RecordBatch, results: str, history: History, counts: Counter[str]) -> Iterator[pa.Table]:
    lists = _listed(batch.column(results), results)
    shown, row = pc.list_flatten(lists), pc.list_parent_indices(lists)
    if not pa.types.is_struct(shown.type):
        raise DataError(f"column '{results}' is {lists.type}, expected a list of results with note_idx, click and a time")
    at = pc.multiply(whole(_seconds(shown, results), TIMES[results]), SECOND)
    clicked = pc.equal(whole(field(shown, "click", results), "click"), 1)
    counts["results shown"] += len(shown)
    counts["results not clicked"] += len(shown) - (pc.sum(clicked).as_py() or 0)
    keep = pc.fill_null(clicked, False)
    notes = names(field(shown, "note_idx", results), "note_idx")
    yield _table(batch, row.filter(keep), notes.filter(keep), at.filter(keep), counts)
    before = _listed(batch.column(HISTORY), HISTORY)
    if history == "leave out":
        counts["clicks of a history, left out: they have no time"] += len(pc.list_flatten(before))
        return
    first = pa.table({"row": row, "at": at}).group_by("row").aggregate([("at", "min")])
    starts = first.column("at_min").take(pc.index_in(pc.list_parent_indices(before), value_set=first.column("row")))
    ids = names(pc.list_flatten(before), HISTORY)
    times = pc.subtract(starts, pc.multiply(_steps_back(before, history), SECOND))
    yield _table(batch, pc.list_parent_indices(before), ids, times, counts)


def _table(batch: pa.RecordBatch, row: pa.Array, notes: pa.Array, at: pa.Array, counts: Counter[str]) -> pa.Table:
    """The clicks that have a user, a note and a time."""
    users = names(batch.column("user_idx"), "user_idx").take(row)
    rows = pa.table(
        {
            "user_id": users,
            "note_id": notes,
            "clicked_at": at.cast(TIME),
            "session_id": names(batch.column("session_idx"), "session_idx").take(row),
            "source_note_id": pa.nulls(len(row), pa.string()),
        }
    ).cast(pa.schema([f.with_nullable(True) for f in CLICKS_IN]))
    needed = [pc.is_valid(rows.column(name)) for name in ("user_id", "note_id", "clicked_at")]
    sound = reduce(pc.and_, needed)
    kept = rows.filter(sound)
    counts["dropped: clicks without a user, a note or a time"] += len(rows) - len(kept)
    return kept


def _seconds(shown: pa.Array, results: str) -> pa.Array:
    """Seconds since 1970, without their fractions."""
    at = field(shown, TIMES[results], results)
    return pc.floor(at) if pa.types.is_floating(at.type) else at


def _listed(lists: pa.Array, name: str) -> pa.Array:
    if pa.types.is_null(lists.type):
        return lists.cast(pa.list_(pa.int64()))
    if not (pa.types.is_list(lists.type) or pa.types.is_large_list(lists.type)):
        raise DataError(f"column '{name}' is {lists.type}, expected a list")
    return lists


def _steps_back(before: pa.Array, history: History) -> pa.Array:
    """[clicks] how many seconds before the request each of them is put: 1 for the newest."""
    lengths = pc.fill_null(pc.list_value_length(before), 0).to_pylist()
    runs = [range(n, 0, -1) if history == "oldest first" else range(1, n + 1) for n in lengths]
    return pa.array([step for run in runs for step in run], pa.int64())
