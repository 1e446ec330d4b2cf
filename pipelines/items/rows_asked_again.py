"""Rows of an earlier run that are no answers: which they are, and how the answers of another run get into their places."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.items.failure_reasons import passing, refused


def to_ask_again(rows: pa.Table, none_refused: bool) -> list[int]:
    """The places in a chunk of an earlier run that are no answers.

    Args:
        rows: with their `reason`.
        none_refused: the run ended over its refusals; else rows whose reason lies with their content are answers.
    """
    again = (refused if none_refused else passing)(rows.column("reason"))
    return pc.indices_nonzero(again).to_pylist()


def with_answers(rows: pa.Table, places: list[int], new: pa.Table) -> pa.Table:
    """The rows of a chunk, with others at some places.

    Raises:
        RuntimeError: there are not as many as places.
    """
    if len(new) != len(places):
        raise RuntimeError(f"{len(places)} rows were asked again, and {len(new)} came back")
    order = np.arange(len(rows))
    order[places] = len(rows) + np.arange(len(new))
    return pa.concat_tables([rows, new.cast(rows.schema)]).take(pa.array(order)).combine_chunks()


def without_places(rows: pa.Table, places: list[int]) -> pa.Table:
    """The rows but for those at some places."""
    return rows.take(pa.array(np.setdiff1d(np.arange(len(rows)), places)))
