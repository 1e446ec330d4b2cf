"""Whether an input has the columns that we read, file by file: all that is wrong, and all that is worth knowing."""

from collections.abc import Collection, Iterator, Sequence
from typing import NamedTuple

import pyarrow as pa

from pipelines.input_tables.files.listing import InputFile
from pipelines.input_tables.formats.file_look import FileLook
from pipelines.input_tables.formats.magic_bytes import printable
from pipelines.input_tables.import_hint import import_line
from pipelines.input_tables.open_table import InputTable, shown_names
from pipelines.input_tables.settings import ReadOptions
from pipelines.input_tables.values.convert import convert, spelled, type_fault
from pipelines.workspace.uri_credentials import redacted
from schemas.errors import DataError

SHOWN_COLUMNS = 12


class ColumnCheck(NamedTuple):
    """What reading an input as one of our tables means."""

    present: tuple[str, ...]
    """Our columns that at least one file has, or may have (JSON)."""
    messages: tuple[str, ...]
    """Columns that are null in some files, and columns that partition folders override."""


def check_columns(
    table: InputTable, name: str, schema: pa.Schema, required: Collection[str], options: ReadOptions
) -> ColumnCheck:
    """What of our columns an input has.

    Args:
        table: the input.
        name: of our table, for the command that maps another one's columns.
        schema: our columns.
        required: those that every file must have.
        options: how values are read.

    Raises:
        DataError: a required column is missing, or a column can never be read as ours: all files and columns in one message,
            with the command that maps them.
    """
    faults, messages, present = list[str](), list[str](), list[str]()
    for field in schema:
        lacking = [look for look in table.looks if not _has(look, field.name)]
        having = [look for look in table.looks if _has(look, field.name)]
        if having or any(look.json is not None and not _is_whole(look) for look in lacking):
            present.append(field.name)
        if field.name in required and lacking:
            faults += _missing(table, field, lacking, having)
        elif having and lacking:
            messages.append(
                f"{field.name} is null in {len(lacking):,} of {len(table.looks):,} files that do not have it: {_names(lacking)}"
            )
        overridden = [look for look in having if field.name in look.columns and field.name in dict(look.file.partitions)]
        if overridden:
            messages.append(f"{field.name} is that of the partition folder, not the column, in {_names(overridden)}")
        faults += _twice(field.name, having)
        faults += _types(field, having)
        faults += _values(field, having, options) if field.name in required else []
    if faults:
        way_out = import_line(name, table.uri, table.columns, schema)
        without_header = table.format == "csv" and not set(table.columns) & set(schema.names)
        hint = " (is there no header? The first line has to name the columns)" if without_header else ""
        raise DataError(f"{redacted(table.uri)}: {'; '.join(faults)}{hint}. To map columns: {way_out}")
    return ColumnCheck(tuple(present), tuple(messages))


def shown_columns(names: Sequence[str]) -> str:
    """Some of the names, for a message."""
    more = f" and {len(names) - SHOWN_COLUMNS:,} more" if len(names) > SHOWN_COLUMNS else ""
    return f"[{', '.join(printable(name, 40) for name in names[:SHOWN_COLUMNS])}]{more}"


def _has(look: FileLook, name: str) -> bool:
    return name in look.columns or name in dict(look.file.partitions)


def _is_whole(look: FileLook) -> bool:
    """Whether a JSON file's sample is all of it."""
    return look.json is not None and look.json.whole


def _names(looks: Sequence[FileLook]) -> str:
    return shown_names([look.file for look in looks])


def _missing(table: InputTable, field: pa.Field, lacking: list[FileLook], having: list[FileLook]) -> Iterator[str]:
    if having:
        unsure = [look for look in lacking if look.json is not None]
        sure = [look for look in lacking if look.json is None]
        if sure and not unsure:
            yield f"column '{field.name}' is missing in {_names(sure)}; {_names(having[:1])} has it"
        return
    alike = [name for name in table.columns if name.lower().strip() == field.name]
    hint = f" ('{alike[0]}' is there: names have to be equal)" if alike else ""
    yield f"missing column '{field.name}' ({spelled(field.type)}){hint}; found {shown_columns(list(table.columns))}"


def _twice(name: str, having: list[FileLook]) -> Iterator[str]:
    looks = [look for look in having if name in look.twice]
    if looks:
        yield f"column '{name}' is there twice in {_names(looks)}"


def _types(field: pa.Field, having: list[FileLook]) -> Iterator[str]:
    by_type: dict[pa.DataType, list[InputFile]] = {}
    for look in having:
        if look.text is None and look.rows != 0 and field.name not in dict(look.file.partitions):
            by_type.setdefault(look.columns[field.name], []).append(look.file)
    faults = {kind: type_fault(kind, field) for kind in by_type}
    yield from (f"{fault} ({shown_names(by_type[kind])})" for kind, fault in faults.items() if fault)


def _values(field: pa.Field, having: list[FileLook], options: ReadOptions) -> Iterator[str]:
    """Of JSON: a column is of a wrong type when its sample has values and none of them fits."""
    examples = [look.json.examples.get(field.name, ()) for look in having if look.json is not None]
    values = [value for some in examples for value in some]
    if not values or any(look.json is None for look in having):
        return
    converted = convert(pa.array(values, pa.string()), field, options)
    if converted.invalid.null_count == 0 and all(converted.invalid.to_pylist()):
        yield f"column '{field.name}' is like {printable(values[0])!r}, expected {spelled(field.type)}"
