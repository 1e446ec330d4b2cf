"""Which files DuckDB can read by itself exactly as the reader would; the others are streamed."""

from collections.abc import Sequence
from typing import NamedTuple

import pyarrow as pa

from pipelines.input_tables.formats.csv_dialect import Dialect
from pipelines.input_tables.formats.file_look import FileLook
from pipelines.input_tables.settings import FREE_TEXT, ReadOptions
from pipelines.sources.importers.mapped_columns import MappedTable
from pipelines.workspace.duckdb import quoting

PLAIN_COMPRESSIONS = {None: "none", "gzip": "gzip"}
MOST_JSON_OBJECT = 16 << 20
"""Bytes; DuckDB keeps buffers of this size. A larger object is for the stream."""


class NativeGroup(NamedTuple):
    """Files that one table function of DuckDB reads."""

    looks: tuple[FileLook, ...]
    relation: str
    """SQL, of all files; its columns have their names."""
    is_text: bool
    is_csv: bool
    reads_null_words: bool = False
    """Whether DuckDB's reader of CSV has made nulls of the null words."""


def native_groups(mapping: MappedTable, options: ReadOptions) -> tuple[list[NativeGroup], list[FileLook]]:
    """The groups that DuckDB reads by itself, and the files that are streamed."""
    groups: dict[tuple[object, ...], list[FileLook]] = {}
    streamed: list[FileLook] = []
    names, reads_words = _top_names(mapping), _reader_knows_null_words(mapping)
    nested = {name.partition(".")[0] for name in mapping.plain.values() if name not in mapping.table.columns}
    for look in mapping.table.looks:
        in_texts = look.json is None and any(pa.types.is_string(look.columns.get(name, pa.null())) for name in nested)
        key = None if mapping.table.snapshot is not None or in_texts else _key(look, names)
        if key is None:
            streamed.append(look)
        else:
            groups.setdefault(key, []).append(look)
    return [_group(tuple(looks), names, options.null_words if reads_words else None) for looks in groups.values()], streamed


def _reader_knows_null_words(mapping: MappedTable) -> bool:
    """Whether null words mean the same in all columns: neither free text nor what SQL reads is among them."""
    return not mapping.read_for_sql and not FREE_TEXT & set(mapping.plain)


def _top_names(mapping: MappedTable) -> list[str]:
    """The columns that are read."""
    columns = mapping.table.columns
    plain = [name if name in columns else name.partition(".")[0] for name in mapping.plain.values()]
    return list(dict.fromkeys([*plain, *mapping.read_for_sql]))


def _key(look: FileLook, names: Sequence[str]) -> tuple[object, ...] | None:
    """What files of one group have in common; None of a file that DuckDB would read in another way."""
    partitions = {name for name, _ in look.file.partitions}
    if look.file.place.scheme or partitions & set(names) or len({name.lower() for name in names}) < len(names):
        return None
    if look.format == "parquet":
        return _parquet_key(look, names)
    text = look.text
    if text is None or text.encoding.name != "utf-8" or text.encoding.mark_bytes or text.line_end != "\n":
        return None
    if text.compression not in PLAIN_COMPRESSIONS:
        return None
    if look.json is not None:
        return ("json", text.compression) if look.json.layout == "lines" and not look.json.extended else None
    is_plain = look.dialect is not None and _is_plain_csv(look.dialect, names)
    return ("csv", text.compression, look.dialect) if is_plain else None


def _is_plain_csv(dialect: Dialect, names: Sequence[str]) -> bool:
    if dialect.quote != '"' or dialect.escapes or len(dialect.delimiter) > 1 or dialect.skip_blank or dialect.formulas:
        return False
    lower = [name.lower() for name in dialect.names]
    return dialect.header_lines == 1 and len(set(lower)) == len(lower) and "" not in lower and set(names) <= set(dialect.names)


def _parquet_key(look: FileLook, names: Sequence[str]) -> tuple[object, ...] | None:
    lower = [name.lower() for name in look.columns]
    if look.twice or len(set(lower)) < len(lower) or not set(names) <= set(look.columns):
        return None
    kinds = [look.columns[name] for name in names]
    return ("parquet", *map(str, kinds)) if all(map(_is_plain, kinds)) else None


def _is_plain(kind: pa.DataType) -> bool:
    """Whether DuckDB has the same values of a type as Arrow."""
    if pa.types.is_struct(kind):
        return all(_is_plain(kind.field(k).type) for k in range(kind.num_fields))
    if pa.types.is_list(kind):
        return _is_plain(kind.value_type)
    if pa.types.is_timestamp(kind):
        return kind.unit in ("us", "ms")
    checks = (
        pa.types.is_string,
        pa.types.is_integer,
        pa.types.is_float32,
        pa.types.is_float64,
        pa.types.is_boolean,
        pa.types.is_binary,
    )
    return any(check(kind) for check in checks)


def _group(looks: tuple[FileLook, ...], names: Sequence[str], null_words: Sequence[str] | None) -> NativeGroup:
    first = looks[0]
    files = _texts([look.file.place.key for look in looks])
    if first.format == "parquet":
        return NativeGroup(looks, f"read_parquet({files}, hive_partitioning = false, union_by_name = true)", False, False)
    compression = PLAIN_COMPRESSIONS[first.text.compression if first.text else None]
    shared = f"hive_partitioning = false, compression = '{compression}'"
    columns = first.dialect.names if first.dialect is not None else names
    texts = ", ".join(f"{quoting.text(name)}: 'VARCHAR'" for name in columns)
    if first.dialect is None:
        arguments = f"format = 'newline_delimited', ignore_errors = true, maximum_object_size = {MOST_JSON_OBJECT}"
        return NativeGroup(looks, f"read_json({files}, columns = {{{texts}}}, {arguments}, {shared})", True, False)
    arguments = (
        f"header = true, auto_detect = false, delim = {quoting.text(first.dialect.delimiter)}, quote = '\"', escape = '\"'"
    )
    if null_words is not None:
        arguments += f", nullstr = {_texts(['', *null_words])}"
    return NativeGroup(
        looks, f"read_csv({files}, columns = {{{texts}}}, {arguments}, {shared})", True, True, null_words is not None
    )


def _texts(values: Sequence[str]) -> str:
    """A list of string literals."""
    return "[" + ", ".join(map(quoting.text, values)) + "]"
