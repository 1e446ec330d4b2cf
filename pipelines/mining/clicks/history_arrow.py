"""User histories as Arrow rows, one a user. No engine."""

from collections.abc import Iterable

import numpy as np
import pyarrow as pa

from pipelines.engines.column_blocks import Ints
from pipelines.mining.clicks.user_history import Histories

HISTORIES = "user long, length long, clicks long, notes array<long>, at array<long>"
"""Spark's schema; `length` is N_u, `notes` are in the order of `at` (microseconds)."""
SCHEMA = pa.schema(
    [(name, pa.int64()) for name in ("user", "length", "clicks")] + [(name, pa.list_(pa.int64())) for name in ("notes", "at")]
)


def history_rows(histories: Histories) -> pa.RecordBatch:
    """HISTORIES, with all notes."""
    return _batch(histories, histories.length, histories.note, histories.at)


def rows_without_notes(histories: Histories) -> pa.RecordBatch:
    """HISTORIES without notes: of the users that do not count."""
    nothing = np.zeros(0, np.int64)
    return _batch(histories, np.zeros_like(histories.length), nothing, nothing)


def flat(batches: Iterable[pa.RecordBatch]) -> Histories:
    """All batches of HISTORIES with notes, as numpy columns."""
    whole = list(batches)
    rows = pa.Table.from_batches(whole) if whole else SCHEMA.empty_table()
    user, clicks, length = (rows[name].to_numpy() for name in ("user", "clicks", "length"))
    note, at = (rows[name].combine_chunks().flatten().to_numpy() for name in ("notes", "at"))
    return Histories(user, clicks, length, note, at)


def _batch(histories: Histories, lengths: Ints, note: Ints, at: Ints) -> pa.RecordBatch:
    ends = pa.array(np.r_[0, np.cumsum(lengths)].astype(np.int32))
    lists = [pa.ListArray.from_arrays(ends, pa.array(column)) for column in (note, at)]
    numbers = [pa.array(column) for column in (histories.user, histories.length, histories.clicks)]
    return pa.RecordBatch.from_arrays([*numbers, *lists], schema=SCHEMA)
