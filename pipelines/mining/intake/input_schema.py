"""Whether a file has the columns that we read. No engine."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

import pyarrow as pa


def column_faults(found: pa.Schema, wanted: pa.Schema) -> list[str]:
    """Every missing required column and every column of a type that cannot be read as the wanted one."""
    faults = []
    for want in wanted:
        index = found.get_field_index(want.name)
        if index < 0 and not want.nullable:
            faults.append(f"missing column '{want.name}' ({want.type}); found {found.names}")
        elif index >= 0 and not _fits(found.field(index).type, want.type):
            faults.append(f"column '{want.name}' is {found.field(index).type}, wanted {want.type}")
    return faults


def json_faults(lines: Iterable[str], wanted: pa.Schema) -> list[str]:
    """The same for the first lines of a JSONL file, judged by their values.

    A column is of a wrong type when it has values and none of them fits; a single bad value
    is a bad row, which the quarantine takes.
    """
    rows = [row for row in map(_parsed, lines) if row is not None]
    if not rows:
        return ["no line is a JSON object"]
    faults = []
    names = sorted({name for row in rows for name in row})
    for want in wanted:
        values = [row[want.name] for row in rows if row.get(want.name) is not None]
        if not want.nullable and want.name not in names:
            faults.append(f"missing column '{want.name}' ({want.type}); found {names}")
        elif values and not any(_value_fits(value, want.type) for value in values):
            shown = json.dumps(values[0], ensure_ascii=False)
            faults.append(f"column '{want.name}' is like {shown[:60]}, wanted {want.type}")
    return faults


def _parsed(line: str) -> Mapping[str, Any] | None:
    try:
        row = json.loads(line)
    except ValueError:
        return None
    return row if isinstance(row, dict) else None


def _fits(found: pa.DataType, wanted: pa.DataType) -> bool:
    """Whether every value of one type can be read as the other without loss."""
    if pa.types.is_integer(wanted):
        return bool(pa.types.is_integer(found) and not pa.types.is_uint64(found))
    if pa.types.is_timestamp(wanted):
        return bool(pa.types.is_timestamp(found))
    if pa.types.is_string(wanted):
        return found in (pa.string(), pa.large_string(), pa.null())
    if pa.types.is_binary(wanted):
        return found in (pa.binary(), pa.large_binary())
    if pa.types.is_list(wanted):
        return (pa.types.is_list(found) or pa.types.is_large_list(found)) and _fits(found.value_type, wanted.value_type)
    if pa.types.is_struct(wanted):
        return pa.types.is_struct(found) and not any(
            found.get_field_index(f.name) < 0 or not _fits(found.field(f.name).type, f.type) for f in wanted
        )
    return bool(found == wanted)


def _value_fits(value: Any, wanted: pa.DataType) -> bool:  # noqa: ANN401
    if pa.types.is_integer(wanted):
        return isinstance(value, int) and not isinstance(value, bool)
    if pa.types.is_list(wanted):
        return isinstance(value, list) and all(_value_fits(v, wanted.value_type) for v in value)
    if pa.types.is_struct(wanted):
        return isinstance(value, dict) and {f.name for f in wanted} <= set(value)
    return isinstance(value, str | int | float)
