"""Copies files that DuckDB reads by itself into Parquet files with our columns; only odd values pass through Python."""

from pathlib import Path

import duckdb
import pyarrow as pa

from pipelines.input_tables.settings import ReadOptions
from pipelines.sources.importers.expression_columns import typed_sql
from pipelines.sources.importers.mapped_columns import MappedTable
from pipelines.sources.importers.native_groups import NativeGroup
from pipelines.sources.importers.native_sql import ValueSql, duckdb_type, value_sql
from pipelines.sources.importers.our_values import null_words, register, register_check
from pipelines.sources.importers.parquet_parts import FILE_BYTES, GROUP_BYTES, GROUP_ROWS
from pipelines.sources.importers.value_counts import ValueCounts
from pipelines.workspace.duckdb import quoting

DICTIONARY = 1_000
"""Distinct values of a row group above which a column is written without a dictionary: ids and texts have no use for one."""
EMPTY_ROWS = "_no_value_at_all"


class UnlikeReaderError(Exception):
    """DuckDB would not read a file as the reader does."""


def native_copy(
    connection: duckdb.DuckDBPyConnection,
    mapping: MappedTable,
    group: NativeGroup,
    schema: pa.Schema,
    options: ReadOptions,
    counts: ValueCounts,
    folder: Path,
    prefix: str,
) -> int:
    """Write the group's rows as files of a folder; how many there are.

    Raises:
        UnlikeReaderError: a line of JSON has none of the values, so that it may be broken: what was written is not to be used.
        duckdb.Error: a file or the mapping's SQL cannot be read by DuckDB.

    Cost: as DuckDB's own COPY; the reader's rules are called for values that are not plain.
    """
    inner = f"select {_theirs(mapping, group)} from {_source(mapping, group)}"
    kinds = {column: of_column for column, of_column, *_ in connection.execute(f"describe {inner}").fetchall()}
    values = {
        field.name: _ours(
            connection, field, kinds.get(field.name), group if field.name in mapping.plain else None, options, counts
        )
        for field in schema
    }
    selected = ", ".join(f"{value.sql} as {quoting.name(name)}" for name, value in values.items())
    helpers = "".join(f", {sql} as {name}" for value in values.values() for name, sql in value.helpers.items())
    where = _no_broken_line(connection, mapping, group)
    largest = 2_048 if any(pa.types.is_binary(field.type) for field in schema) else GROUP_ROWS
    rows = f"(select *{helpers} from ({inner}{where}))"
    target = quoting.text(str(folder))
    layout = (
        f"format parquet, compression zstd, compression_level 1, dictionary_size_limit {DICTIONARY}, "
        f"row_group_size {largest}, row_group_size_bytes {GROUP_BYTES}, "
        f"file_size_bytes {FILE_BYTES}, filename_pattern {quoting.text(prefix + '-{i}')}, overwrite_or_ignore"
    )
    copied = connection.execute(f"copy (select {selected} from {rows}) to {target} ({layout})").fetchall()
    return int(copied[0][0])


def _source(mapping: MappedTable, group: NativeGroup) -> str:
    """The files; where SQL reads texts, with the columns that it reads in their types, and the others as _theirs_0, ..."""
    if not _is_prepared(mapping, group):
        return group.relation
    plain = [
        f"{_plain(theirs, mapping, group)} as {quoting.name(f'_theirs_{k}')}" for k, theirs in enumerate(mapping.plain.values())
    ]
    read = [f"{_read_for_sql(name, mapping)} as {quoting.name(name)}" for name in mapping.read_for_sql]
    return f"(select {', '.join([*plain, *read])} from {group.relation})"


def _is_prepared(mapping: MappedTable, group: NativeGroup) -> bool:
    return group.is_text and bool(mapping.read_for_sql)


def _read_for_sql(name: str, mapping: MappedTable) -> str:
    column, structure = quoting.name(name), mapping.json_types.get(name)
    return typed_sql(column, structure) if structure else f"case when trim({column}, ' \t\r\n') <> '' then {column} end"


def _theirs(mapping: MappedTable, group: NativeGroup) -> str:
    """Their columns by our names."""
    prepared = _is_prepared(mapping, group)
    columns = [
        f"{quoting.name(f'_theirs_{k}') if prepared else _plain(theirs, mapping, group)} as {quoting.name(ours)}"
        for k, (ours, theirs) in enumerate(mapping.plain.items())
    ]
    columns += [f"({sql}) as {quoting.name(ours)}" for ours, sql in mapping.computed.items()]
    return ", ".join(columns)


def _plain(theirs: str, mapping: MappedTable, group: NativeGroup) -> str:
    if theirs in mapping.table.columns or "." not in theirs:
        return quoting.name(theirs)
    top, *path = theirs.split(".")
    if not group.is_text:
        return ".".join(map(quoting.name, [top, *path]))
    column = quoting.name(top)
    inner = quoting.text("$" + "".join(f".{quoting.name(part)}" for part in path))
    return f"case when json_valid({column}) then {column} ->> {inner} end"


def _ours(
    connection: duckdb.DuckDBPyConnection,
    field: pa.Field,
    kind: str | None,
    plain_in: NativeGroup | None,
    options: ReadOptions,
    counts: ValueCounts,
) -> ValueSql:
    """A column; `plain_in`: the group that it is a column of, None where it is computed."""
    if kind is None:
        return ValueSql({}, f"cast({'[]' if pa.types.is_list(field.type) else 'null'} as {duckdb_type(field.type)})")
    function = f"our_{field.name}"
    is_csv_field = plain_in is not None and plain_in.is_csv
    register(connection, function, kind, field, options, counts, is_csv_field=is_csv_field)
    words = null_words(field.name, options) if is_csv_field else []
    only_padded = plain_in is not None and plain_in.reads_null_words
    return value_sql(quoting.name(field.name), kind, field, function, options, words, only_padded=only_padded)


def _no_broken_line(connection: duckdb.DuckDBPyConnection, mapping: MappedTable, group: NativeGroup) -> str:
    """A condition that ends the query at a line of JSON without any of the columns: DuckDB has nulls for a broken one.

    Of CSV it ends the query at a line that may be the header again.
    """
    if not group.is_text:
        return ""

    def check(_: int) -> None:
        raise UnlikeReaderError

    register_check(connection, EMPTY_ROWS, check)
    if group.is_csv:
        return _no_header_again(mapping, group)
    names = mapping.plain if mapping.json_types else {}
    values = [quoting.name(f"_theirs_{k}") for k in range(len(names))] or [
        _plain(t, mapping, group) for t in mapping.plain.values()
    ]
    return f" where case when coalesce({', '.join(values)}) is not null then true else {EMPTY_ROWS}(1) end"


def _no_header_again(mapping: MappedTable, group: NativeGroup) -> str:
    prepared = _is_prepared(mapping, group)
    columns = {theirs: quoting.name(f"_theirs_{k}" if prepared else theirs) for k, theirs in enumerate(mapping.plain.values())}
    again = [f"{column} = {quoting.text(theirs)}" for theirs, column in columns.items()]
    return f" where case when {' and '.join(again)} then {EMPTY_ROWS}(1) else true end" if again else ""
