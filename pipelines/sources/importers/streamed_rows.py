"""Rows of any table that the reader can read, as ours: a batch at a time, by Arrow and, for computed columns, DuckDB."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.input_tables.parts import Part
from pipelines.input_tables.raw_rows import BROKEN, ODD
from pipelines.input_tables.read_part import read_part
from pipelines.input_tables.settings import ReadOptions
from pipelines.input_tables.values.convert import type_fault
from pipelines.sources.importers.expression_columns import typed_sql
from pipelines.sources.importers.mapped_columns import MappedTable
from pipelines.sources.importers.our_values import our_values, without_null_words
from pipelines.sources.importers.value_counts import ValueCounts
from pipelines.workspace.duckdb import quoting
from schemas.errors import DataError

BROKEN_LINES = "dropped: lines that could not be read"


def streamed_rows(
    connection: duckdb.DuckDBPyConnection,
    mapping: MappedTable,
    parts: Iterable[Part],
    schema: pa.Schema,
    options: ReadOptions,
    counts: ValueCounts,
) -> Iterator[pa.Table]:
    """Tables of our columns, null where nothing is mapped or a value cannot be read.

    A line that cannot be parsed is dropped and counted; every other row of theirs is a row of ours.

    Raises:
        DataError: a file is damaged, or SQL of the mapping fails.
    """
    as_read = replace(options, null_words=())
    names = list(dict.fromkeys([*mapping.plain.values(), *mapping.read_for_sql]))
    for part in parts:
        is_csv = part.look.format == "csv"
        for batch in read_part(part, names, as_read):
            rows = _parsed(pa.Table.from_batches([batch]), counts)
            theirs = {ours: rows.column(names.index(name)) for ours, name in mapping.plain.items()}
            if is_csv:
                theirs = {ours: without_null_words(v.combine_chunks(), ours, options) for ours, v in theirs.items()}
            if mapping.computed:
                theirs = _computed(connection, mapping, rows, theirs)
            size = len(next(iter(theirs.values()))) if theirs else len(rows)
            counts.rows += size
            yield pa.table(
                {field.name: _ours(theirs.get(field.name), field, size, mapping, options, counts) for field in schema}
            )


def _parsed(rows: pa.Table, counts: ValueCounts) -> pa.Table:
    broken = rows.column(BROKEN)
    if broken.null_count < len(rows):
        counts.dropped[BROKEN_LINES] += len(rows) - broken.null_count
        rows = rows.filter(broken.is_null())
    odd = rows.column(ODD)
    if odd.null_count < len(rows):
        for entry in pc.value_counts(odd.drop_null()).to_pylist():
            counts.dropped[f"rows with {entry['values']}"] += entry["counts"]
    return rows


def _computed(
    connection: duckdb.DuckDBPyConnection, mapping: MappedTable, rows: pa.Table, theirs: dict[str, pa.ChunkedArray]
) -> dict[str, pa.ChunkedArray]:
    """All mapped columns, through one select: SQL such as unnest() makes several rows of one."""
    read = {name: rows.column(name) for name in mapping.read_for_sql}
    passed = {f"_theirs_{k}": values for k, values in enumerate(theirs.values())}
    batch = pa.table({**passed, **read}) if passed or read else pa.table({"_row": pa.nulls(len(rows))})
    connection.register("batch", batch)
    typed = [f"{_typed(name, mapping)} as {quoting.name(name)}" for name in read]
    inner = f"select {', '.join([*passed, *typed]) or '*'} from batch"
    selected = [f"{name} as {quoting.name(ours)}" for name, ours in zip(passed, theirs, strict=True)]
    selected += [f"({sql}) as {quoting.name(ours)}" for ours, sql in mapping.computed.items()]
    try:
        selected_rows = connection.sql(f"select {', '.join(selected)} from ({inner})").to_arrow_table()
    except duckdb.Error as error:
        raise DataError(f"{mapping.name}: {mapping.table.uri}: {' '.join(str(error).split())[:400]}") from None
    finally:
        connection.unregister("batch")
    return {name: selected_rows.column(name) for name in selected_rows.column_names}


def _typed(name: str, mapping: MappedTable) -> str:
    column, structure = quoting.name(name), mapping.json_types.get(name)
    return typed_sql(column, structure) if structure else column


def _ours(
    values: pa.ChunkedArray | None, field: pa.Field, size: int, mapping: MappedTable, options: ReadOptions, counts: ValueCounts
) -> pa.Array:
    if values is None:
        return pa.array([[]] * size, field.type) if pa.types.is_list(field.type) else pa.nulls(size, field.type)
    is_count = pa.types.is_boolean(values.type) and pa.types.is_integer(field.type)
    if not is_count and type_fault(values.type, field):
        raise DataError(f"[{mapping.name}.columns] {field.name}: the SQL gives {values.type}, of which ours cannot be made")
    return our_values(values, field, options, counts)
