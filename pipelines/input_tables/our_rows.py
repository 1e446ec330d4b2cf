"""Rows of a file as rows of ours: each field read by itself; what could not be is null, and named beside the row."""

from collections.abc import Iterable

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.input_tables.formats.magic_bytes import printable
from pipelines.input_tables.raw_rows import BROKEN, ODD, REPLACED
from pipelines.input_tables.settings import ReadOptions
from pipelines.input_tables.values.convert import convert
from pipelines.input_tables.values.plain_types import plain

FAULTS = "_faults"
"""A column beside ours: which of the row's fields could not be read, with what stood there; null where all could."""
FAULT = pa.struct([("column", pa.string()), ("example", pa.string())])
EXAMPLE_CHARS = 40


def our_schema(schema: pa.Schema) -> pa.Schema:
    """Our columns, and BROKEN and FAULTS."""
    fields = [pa.field(field.name, field.type) for field in schema]
    return pa.schema([*fields, pa.field(BROKEN, pa.string()), pa.field(FAULTS, pa.list_(FAULT))])


def our_rows(batch: pa.RecordBatch, schema: pa.Schema, options: ReadOptions) -> pa.RecordBatch:
    """A raw batch, with columns of our names, as our columns; and BROKEN and FAULTS.

    Raises:
        TypeError: a column's type can never be read as ours.
    """
    columns, faults = [], dict[int, list[dict[str, str]]]()
    for field in schema:
        theirs = plain(batch.column(batch.schema.get_field_index(field.name)))
        converted = convert(theirs, field, options)
        columns.append(converted.values)
        _note(faults, field.name, theirs, converted.invalid)
        if pa.types.is_string(field.type) and converted.values is not theirs and _holds_text(theirs.type):
            _note(faults, f"{field.name}: {REPLACED}", converted.values, pc.match_substring(converted.values, "\ufffd"))
    odd = batch.column(batch.schema.get_field_index(ODD))
    _note(faults, "", odd, odd.is_valid(), names=odd)
    with_marks = our_schema(schema)
    marks = (
        pa.array([faults.get(row) for row in range(len(batch))], pa.list_(FAULT))
        if faults
        else pa.nulls(len(batch), pa.list_(FAULT))
    )
    return pa.RecordBatch.from_arrays([*columns, batch.column(batch.schema.get_field_index(BROKEN)), marks], schema=with_marks)


def all_our_rows(batches: Iterable[pa.RecordBatch], schema: pa.Schema, options: ReadOptions) -> Iterable[pa.RecordBatch]:
    """As `our_rows`, of each batch that has rows."""
    return (our_rows(batch, schema, options) for batch in batches if len(batch))


def _note(
    faults: dict[int, list[dict[str, str]]], name: str, values: pa.Array, marked: pa.Array, names: pa.Array | None = None
) -> None:
    if not pc.any(marked).as_py():
        return
    for row in pc.indices_nonzero(pc.fill_null(marked, False)).to_pylist():
        value = values[row].as_py()
        example = "" if names is not None else printable(str(value), EXAMPLE_CHARS)
        faults.setdefault(row, []).append({"column": name or names[row].as_py(), "example": example})  # type: ignore[index]


def _holds_text(kind: pa.DataType) -> bool:
    return pa.types.is_string(kind) or pa.types.is_binary(kind)
