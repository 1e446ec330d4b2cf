"""Rows as files have them, and beside them what could not be read."""

from collections.abc import Sequence

import pyarrow as pa

from pipelines.input_tables.values.text_values import texts

BROKEN = "_broken_line"
"""A column beside a file's own: the text of a row that could not be parsed, else null."""
ODD = "_odd"
"""A column beside a file's own: what is odd about a row that was parsed all the same, else null."""
REPLACED = "bytes that are not valid in the file's encoding"
MORE_FIELDS = "more fields than the header has"
FEWER_FIELDS = "fewer fields than the header has"


def raw_batch(
    names: Sequence[str], columns: Sequence[pa.Array], broken: Sequence[str] = (), odd: pa.Array | None = None
) -> pa.RecordBatch:
    """A batch of rows, and a row for each broken line.

    Args:
        names: of the columns.
        columns: [n] each.
        broken: [m] lines that are no rows.
        odd: [n] text, or None: nothing is odd.
    """
    rows = len(columns[0]) if columns else 0
    marks = [pa.nulls(rows, pa.string()), pa.nulls(rows, pa.string()) if odd is None else odd]
    if broken:
        columns = [pa.concat_arrays([column, pa.nulls(len(broken), column.type)]) for column in columns]
        marks = [
            pa.concat_arrays([marks[0], texts(list(broken))]),
            pa.concat_arrays([marks[1], pa.nulls(len(broken), pa.string())]),
        ]
    return pa.RecordBatch.from_arrays([*columns, *marks], names=[*names, BROKEN, ODD])
