"""Histories as rows of Arrow, one a user."""

from collections.abc import Iterable

import numpy as np
import pyarrow as pa

from pipelines.engines.column_blocks import Ints
from pipelines.mining.clicks.user_history import Histories

HISTORIES = "user long, length long, clicks long, notes array<long>, at array<long>"
"""For Spark; `length` is N_u, `notes` stand in the order of `at` (microseconds)."""
SCHEMA = pa.schema(
    [(name, pa.int64()) for name in ("user", "length", "clicks")] + [(name, pa.list_(pa.int64())) for name in ("notes", "at")]
)


def listed(found: Histories) -> pa.RecordBatch:
    """HISTORIES, with all notes."""
    return _batch(found, found.length, found.note, found.at)


def unlisted(found: Histories) -> pa.RecordBatch:
    """HISTORIES without notes: of who is left out."""
    nothing = np.zeros(0, np.int64)
    return _batch(found, np.zeros_like(found.length), nothing, nothing)


def flat(batches: Iterable[pa.RecordBatch]) -> Histories:
    """All batches of HISTORIES with notes, as numpy's columns."""
    given = list(batches)
    rows = pa.Table.from_batches(given) if given else SCHEMA.empty_table()
    user, clicks, length = (rows[name].to_numpy() for name in ("user", "clicks", "length"))
    note, at = (rows[name].combine_chunks().flatten().to_numpy() for name in ("notes", "at"))
    return Histories(user, clicks, length, note, at)


def _batch(found: Histories, lengths: Ints, note: Ints, at: Ints) -> pa.RecordBatch:
    ends = pa.array(np.r_[0, np.cumsum(lengths)].astype(np.int32))
    lists = [pa.ListArray.from_arrays(ends, pa.array(column)) for column in (note, at)]
    numbers = [pa.array(column) for column in (found.user, found.length, found.clicks)]
    return pa.RecordBatch.from_arrays([*numbers, *lists], schema=SCHEMA)
