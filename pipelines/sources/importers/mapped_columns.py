"""What a mapping reads of a table of theirs: checked before any row is read."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import duckdb
import pyarrow as pa

from pipelines.input_tables.formats.json_records import parsed
from pipelines.input_tables.open_table import InputTable, open_table
from pipelines.input_tables.read_part import read_columns
from pipelines.input_tables.settings import ReadOptions
from pipelines.input_tables.values.convert import spelled, type_fault
from pipelines.input_tables.values.plain_types import plain_type
from pipelines.sources.importers.column_mapping import Expression, Source
from pipelines.sources.importers.expression_columns import json_types, referenced
from schemas.errors import DataError


class MappedTable(NamedTuple):
    """A table of theirs and what is read of it."""

    name: str
    """Of our table."""
    table: InputTable
    plain: dict[str, str]
    """Our column -> theirs; a dot leads into a struct."""
    computed: dict[str, str]
    """Our column -> SQL."""
    read_for_sql: list[str]
    """Columns of theirs that the SQL reads."""
    json_types: dict[str, str]
    """Of these, in a JSON input, their structures."""


def mapped_table(
    connection: duckdb.DuckDBPyConnection, source: Source, name: str, schema: pa.Schema, options: ReadOptions
) -> MappedTable:
    """Open a table of theirs and check its mapping.

    Raises:
        DataError: it cannot be opened, or a mapped column is not there or of a type of which ours cannot be made.
    """
    plain = {ours: theirs for ours, theirs in source.columns.items() if isinstance(theirs, str)}
    computed = {ours: theirs.sql for ours, theirs in source.columns.items() if isinstance(theirs, Expression)}
    try:
        table = open_table(str(source.read), list(plain.values()), options)
    except DataError as error:
        raise DataError(f"[{name}] read: {error}") from None
    faults = [
        fault
        for ours, theirs in plain.items()
        if (fault := _fault(table, theirs, schema.field(ours), f"[{name}.columns] {ours} = '{theirs}'", options))
    ]
    if faults:
        raise DataError("; ".join(faults))
    columns = referenced(connection, list(computed.values()), list(table.columns))
    types = json_types(connection, table, columns, options) if table.format == "json" else {}
    return MappedTable(name, table, plain, computed, columns, types)


def _fault(table: InputTable, theirs: str, ours: pa.Field, where: str, options: ReadOptions) -> str | None:
    top = theirs if theirs in table.columns else theirs.partition(".")[0]
    if top not in table.columns:
        if table.format == "json" and _comes_later(table, theirs, options):
            return None
        return f"{where}: no such column; found {list(table.columns)}"
    path = theirs.split(".")[1:] if top != theirs else []
    kinds = list(dict.fromkeys(look.columns[top] for look in table.looks if top in look.columns))
    parents = [_inner(kind, path[:-1]) for kind in kinds] if path else []
    if parents and all(kind is not None and pa.types.is_string(kind) for kind in parents):
        return None if _is_in_objects(table, theirs, options) else f"{where}: no object has such a field"
    for kind in kinds:
        inner = _inner(kind, path)
        if inner is None:
            return f"{where}: no such field; '{top}' is {kind}"
        if pa.types.is_boolean(inner) and pa.types.is_integer(ours.type):
            continue
        if type_fault(inner, ours):
            return f"{where}: it is {inner}, expected {_expected(ours)}"
    return None


def _expected(ours: pa.Field) -> str:
    if pa.types.is_list(ours.type):
        example = "list_transform(photos, lambda p: {'image_id': p.id, 'uri': p.path})"
        return f'a uri, a list of uris, or a list of structs with image_id and uri; write {{ sql = "{example}" }}'
    return f'{spelled(ours.type)}; write {{ sql = "..." }}'


def _inner(kind: pa.DataType, path: Sequence[str]) -> pa.DataType | None:
    """The type at the end of a path, or of the text with an object of JSON that the path leads into; None: nothing is there."""
    for step in path:
        if pa.types.is_string(plain_type(kind)):
            return pa.string()
        if not pa.types.is_struct(kind) or kind.get_field_index(step) < 0:
            return None
        kind = kind.field(kind.get_field_index(step)).type
    return plain_type(kind)


def _comes_later(table: InputTable, theirs: str, options: ReadOptions) -> bool:
    """Whether a key of JSON that no sample has is somewhere in the input. Cost: a read up to its first value."""
    return any(batch.column(0).null_count < len(batch) for batch in read_columns(table, [theirs], options))


def _is_in_objects(table: InputTable, theirs: str, options: ReadOptions) -> bool:
    """Whether an object of JSON has the field at the end of a dotted path. Cost: a read up to the first that has."""
    parent, _, field = theirs.rpartition(".")
    texts = (batch.column(0).cast(pa.string()) for batch in read_columns(table, [parent], options))
    return any(field in (parsed(text) or {}) for column in texts for text in column.drop_null().to_pylist())


def sql_columns(mapping: MappedTable) -> Mapping[str, str]:
    """Columns of theirs -> structure; of formats that have types nothing."""
    return {name: mapping.json_types.get(name, "") for name in mapping.read_for_sql}
