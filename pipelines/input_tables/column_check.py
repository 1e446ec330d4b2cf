"""Whether an input has the columns that we read, file by file: all that is wrong, and all that is worth knowing."""

from collections.abc import Collection, Iterator, Sequence
from typing import NamedTuple

import pyarrow as pa

from pipelines.input_tables.files.listing import InputFile
from pipelines.input_tables.formats.file_look import FileLook
from pipelines.input_tables.formats.json_wrappers import KEYED, wrapper_command
from pipelines.input_tables.formats.magic_bytes import printable
from pipelines.input_tables.headless import delimiter_setting, first_headless, unknown_delimiter, without_header
from pipelines.input_tables.import_hint import PLACEHOLDER, import_line, plain_name
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
    faults, messages, present, missing = list[str](), list[str](), list[str](), list[str]()
    for field in schema:
        having = [look for look in table.looks if _has(look, field.name)]
        lacking = [look for look in table.looks if not _has(look, field.name) and not (having and look.rows == 0)]
        if having or any(look.json is not None and not _is_whole(look) for look in lacking):
            present.append(field.name)
        if field.name in required and lacking and having:
            faults += _missing_in_some(field.name, lacking, having)
        elif field.name in required and lacking:
            missing.append(f"missing column '{field.name}' ({spelled(field.type)}){_similar(field.name, table)}")
        else:
            messages += _nulls(field.name, having, lacking, table)
        overridden = [look for look in having if field.name in look.columns and field.name in dict(look.file.partitions)]
        if overridden:
            messages.append(f"{field.name} is that of the partition folder, not the column, in {_names(overridden)}")
        faults += _twice(field.name, having)
        faults += _types(field, having)
        faults += _values(field, having, options) if field.name in required else []
    if missing or faults:
        raise DataError(_fault(table, name, schema, required, missing, faults))
    return ColumnCheck(tuple(present), tuple(messages))


def _fault(
    table: InputTable, name: str, schema: pa.Schema, required: Collection[str], missing: list[str], faults: list[str]
) -> str:
    """The message about an input that cannot be read as our table."""
    uri, wrapped = redacted(table.uri), _wrapped(table)
    if wrapped is not None:
        return f"{uri}: {wrapped}"
    empty = next((look for look in table.looks if look.json is not None and not look.json.objects), None)
    if missing and empty is not None and not table.columns:
        return f"{uri}: {empty.file.uri} has no JSON object in its first lines; expected one a line, or an array of them"
    headless = first_headless(table.looks) if missing else None
    if headless is not None:
        return without_header(table.uri, headless, schema.names, required)
    delimiter = unknown_delimiter(table.looks, schema.names) if missing else None
    if delimiter is not None:
        return f"{uri}: its header is one column; if {printable(delimiter)!r} is between fields, {delimiter_setting(delimiter)}"
    if missing:
        faults = [f"{', '.join(missing)}; found {shown_columns(list(table.columns))}", *faults]
    return f"{uri}: {'; '.join(faults)}. {_way_out(table, name, schema)}"


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


def _missing_in_some(name: str, lacking: list[FileLook], having: list[FileLook]) -> Iterator[str]:
    if not any(look.json is not None for look in lacking):  # in JSON the key may come later
        yield f"column '{name}' is missing in {_names(lacking)}; {_names(having[:1])} has it"


def _nulls(name: str, having: list[FileLook], lacking: list[FileLook], table: InputTable) -> Iterator[str]:
    """What is null in some files, or in all though a column has a similar name."""
    if having and lacking:
        yield f"{name} is null in {len(lacking):,} of {len(table.looks):,} files that do not have it: {_names(lacking)}"
    elif not having and (similar := _similar(name, table)):
        yield f"{name} is null everywhere{similar}"


def _similar(ours: str, table: InputTable) -> str:
    alike = next((name for name in table.columns if plain_name(name) == plain_name(ours)), None)
    return f" ('{printable(alike, 40)}' is there: names have to be equal)" if alike else ""


def _wrapped(table: InputTable) -> str | None:
    """The message about a JSON file that is one object with the records in it."""
    for look in table.looks:
        wrapper = look.json.wrapper if look.json is not None else None
        if wrapper is not None:
            unwrapped = "its records by their ids" if wrapper.orient == KEYED else "pandas' columns in it"
            where = f"its records in {'.'.join(wrapper.path)}" if wrapper.path else unwrapped
            command = wrapper_command(look.file.uri, wrapper)
            return f"{look.file.uri} is one object with {where}. To have one record a line: {command}"
    return None


def _way_out(table: InputTable, name: str, schema: pa.Schema) -> str:
    repeated = [column for look in table.looks for column in look.twice if column in schema.names]
    if repeated:
        return f"Rename one of the two columns '{repeated[0]}', or leave it out"
    command = import_line(name, table.uri, table.columns, schema)
    return f"To map columns{f' (your name for {PLACEHOLDER})' if PLACEHOLDER in command else ''}: {command}"


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
    """Of JSON: a column other than a text is of a wrong type when its sample has values and none of them fits."""
    if pa.types.is_string(field.type):
        return
    examples = [look.json.examples.get(field.name, ()) for look in having if look.json is not None]
    values = [value for some in examples for value in some]
    if not values or any(look.json is None for look in having):
        return
    converted = convert(pa.array(values, pa.string()), field, options)
    if converted.invalid.null_count == 0 and all(converted.invalid.to_pylist()):
        yield f"column '{field.name}' is like {printable(values[0])!r}, expected {spelled(field.type)}"
