"""A column of theirs as a column of ours, by the reader's rules, with what could not be read counted."""

from collections.abc import Callable
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
from duckdb.func import FunctionNullHandling, PythonUDFType

from pipelines.input_tables.settings import FREE_TEXT, ReadOptions
from pipelines.input_tables.values.convert import convert
from pipelines.sources.importers.native_sql import duckdb_type
from pipelines.sources.importers.value_counts import ValueCounts


def our_values(values: Any, field: pa.Field, options: ReadOptions, counts: ValueCounts) -> pa.Array:  # noqa: ANN401
    """[n] values of our column; null where theirs is null or cannot be read, which is counted.

    A list of pictures is without blank names, and empty where theirs is null.
    """
    if pa.types.is_boolean(values.type) and pa.types.is_integer(field.type):
        values = values.cast(pa.int64())
    converted = convert(values, field, options)
    counts.add(field.name, values, converted.invalid)
    return _pictures(converted.values) if pa.types.is_list(field.type) else converted.values


def without_null_words(values: pa.Array, column: str, options: ReadOptions) -> pa.Array:
    """Fields of a CSV without those that mean "no value": blank ones, and outside of free text the null words."""
    absent = pc.is_in(pc.utf8_trim_whitespace(values), value_set=pa.array(null_words(column, options), pa.string()))
    return pc.if_else(pc.fill_null(absent, True), None, values)


def null_words(column: str, options: ReadOptions) -> list[str]:
    """Fields of a CSV that mean "no value" in one of our columns: in free text only the blank one."""
    return [""] if column in FREE_TEXT else ["", *options.null_words]


def register(
    connection: duckdb.DuckDBPyConnection,
    name: str,
    kind: str,
    field: pa.Field,
    options: ReadOptions,
    counts: ValueCounts,
    *,
    is_csv_field: bool,
) -> None:
    """Make `our_values` of a column a function of SQL, for values of the DuckDB type `kind`."""

    def function(values: pa.ChunkedArray) -> pa.Array:
        if is_csv_field:
            return our_values(without_null_words(values.combine_chunks(), field.name, options), field, options, counts)
        return our_values(values, field, options, counts)

    _create(connection, name, function, kind, duckdb_type(field.type))


def register_check(connection: duckdb.DuckDBPyConnection, name: str, check: Callable[[int], None]) -> None:
    """Make a function of SQL that calls `check` with the number of rows, and is true."""

    def function(values: pa.ChunkedArray) -> pa.Array:
        check(len(values))
        return pa.repeat(True, len(values))

    _create(connection, name, function, "INTEGER", "BOOLEAN")


def _create(
    connection: duckdb.DuckDBPyConnection, name: str, function: Callable[..., Any], parameter: str, result: str
) -> None:
    connection.create_function(
        name,
        function,
        [parameter],
        result,
        type=PythonUDFType.ARROW,
        null_handling=FunctionNullHandling.SPECIAL,
        side_effects=True,
    )


def _pictures(lists: pa.Array) -> pa.Array:
    elements = lists.flatten()
    blank = pc.and_(*(pc.equal(pc.fill_null(pc.struct_field(elements, name), ""), "") for name in ("image_id", "uri")))
    if not lists.null_count and not pc.any(blank).as_py():
        return lists
    kept = [[p for p in listed or [] if p and (p["image_id"] or p["uri"])] for listed in lists.to_pylist()]
    return pa.array(kept, lists.type)
