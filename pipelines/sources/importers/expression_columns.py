"""Columns of theirs that the mapping's SQL reads, and of JSON their types, sampled from the whole input."""

import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice

import duckdb
import pyarrow as pa

from pipelines.input_tables.formats.text_blocks import ByteRange
from pipelines.input_tables.open_table import InputTable
from pipelines.input_tables.parts import Part
from pipelines.input_tables.read_part import read_part
from pipelines.input_tables.settings import ReadOptions
from pipelines.workspace.duckdb import quoting

SAMPLED_PLACES, PLACE_BYTES = 200, 256 << 10
"""Of a JSON input, how many places are looked at for the types of its columns, and how many bytes of each."""
PLACE_ROWS = 2_000
SCALARS = ("BIGINT", "DOUBLE", "BOOLEAN")


def referenced(connection: duckdb.DuckDBPyConnection, expressions: Sequence[str], columns: Sequence[str]) -> list[str]:
    """The columns that SQL expressions read, of those that there are; all of them where the SQL cannot be taken apart."""
    names: set[str] = set()
    for sql in expressions:
        [[parsed]] = connection.execute("select json_serialize_sql(?)", [f"select {sql}"]).fetchall()
        tree = json.loads(parsed)
        if tree.get("error"):
            return list(columns)
        names |= set(_column_names(tree))
    by_lower = {column.lower(): column for column in reversed(columns)}
    return [column for column in columns if column in {by_lower.get(name.lower(), name) for name in names}]


def json_types(
    connection: duckdb.DuckDBPyConnection, table: InputTable, names: Sequence[str], options: ReadOptions
) -> dict[str, str]:
    """Column of a JSON input -> its structure as DuckDB's json_structure writes it; a text is never taken for a date or a UUID.

    Cost: SAMPLED_PLACES places of the input, spread over its files and their lengths.
    """
    structures: dict[str, str] = {}
    if not names:
        return structures
    rows = [batch for part in _sampled(table) for batch in islice(read_part(part, names, options), 1)]
    if not rows:
        return structures
    sample = pa.Table.from_batches([batch.slice(0, PLACE_ROWS).select(list(names)) for batch in rows])
    connection.register("sample", sample)
    for name in names:
        column = quoting.name(name)
        value = f"case when json_valid({column}) then cast({column} as json) else to_json({column}) end"
        query = f"select json_group_structure(json_object('v', {value})) from sample where {column} is not null"
        [[structure]] = connection.execute(query).fetchall()
        plain = structure.replace('"UBIGINT"', '"BIGINT"').replace('"NULL"', '"VARCHAR"') if structure else '{"v":"VARCHAR"}'
        structures[name] = json.dumps(json.loads(plain)["v"])
    connection.unregister("sample")
    return structures


def typed_sql(column: str, structure: str) -> str:
    """A column of JSON texts in the type of its structure: null where a value is of another one.

    Args:
        column: quoted.
        structure: as `json_types` gives it.
    """
    kind = json.loads(structure)
    if isinstance(kind, str) and kind in SCALARS:
        return f"try_cast({column} as {kind})"
    if isinstance(kind, str):
        return column
    return f"case when json_valid({column}) then from_json({column}, {quoting.text(structure)}) end"


def _column_names(tree: object) -> Iterator[str]:
    if isinstance(tree, Mapping):
        if tree.get("class") == "COLUMN_REF":
            yield from tree["column_names"]
        for value in tree.values():
            yield from _column_names(value)
    elif isinstance(tree, list):
        for value in tree:
            yield from _column_names(value)


def _sampled(table: InputTable) -> Iterator[Part]:
    """Parts of the input's texts, spread over all of it."""
    size = max(1, sum(look.file.size_bytes for look in table.looks))
    for look in table.looks:
        places = max(1, min(round(SAMPLED_PLACES * look.file.size_bytes / size), look.file.size_bytes // PLACE_BYTES))
        lines = look.json is not None and look.json.layout == "lines" and look.text is not None
        if not lines or look.text is None or look.text.compression or not look.text.encoding.line_safe or places == 1:
            yield Part(look)
            continue
        step = look.file.size_bytes // places
        for place in range(places):
            start = place * step
            yield Part(look, bytes_range=ByteRange(start, min(start + min(step, PLACE_BYTES), look.file.size_bytes)))
