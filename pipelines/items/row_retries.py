"""Retries of rows of an earlier run: which rows have no answer, and how the new answers replace them."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.items.failure_reasons import passing, refused


def rows_to_retry(rows: pa.Table, none_refused: bool) -> list[int]:
    """The indices of the rows of a chunk of an earlier run that are to be retried.

    Args:
        rows: with their `reason`.
        none_refused: the run ended because too many rows were refused; else rows refused for their content are not retried.
    """
    is_retried = (refused if none_refused else passing)(rows.column("reason"))
    return pc.indices_nonzero(is_retried).to_pylist()


def with_answers(rows: pa.Table, places: list[int], new: pa.Table) -> pa.Table:
    """The rows of a chunk, with new ones at some indices.

    Raises:
        RuntimeError: their number is not that of the indices.
    """
    if len(new) != len(places):
        raise RuntimeError(f"expected {len(places)} retried rows, got {len(new)}")
    order = np.arange(len(rows))
    order[places] = len(rows) + np.arange(len(new))
    return pa.concat_tables([rows, new.cast(rows.schema)]).take(pa.array(order)).combine_chunks()


def without_places(rows: pa.Table, places: list[int]) -> pa.Table:
    """The rows without those at some indices."""
    return rows.take(pa.array(np.setdiff1d(np.arange(len(rows)), places)))
