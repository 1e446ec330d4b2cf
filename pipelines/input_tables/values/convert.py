"""A column of theirs as a column of ours, value by value: what cannot be made is null and marked, never guessed."""

from collections.abc import Callable
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.input_tables.settings import IDS, ReadOptions
from pipelines.input_tables.values.binary_values import to_binary
from pipelines.input_tables.values.broken_ids import lost_digits
from pipelines.input_tables.values.picture_lists import to_pictures
from pipelines.input_tables.values.plain_types import plain, plain_type
from pipelines.input_tables.values.text_values import to_text
from pipelines.input_tables.values.time_values import to_times
from pipelines.input_tables.values.whole_numbers import to_whole_numbers

Maker = Callable[[pa.Array, ReadOptions], tuple[pa.Array, pa.Array]]


class Converted(NamedTuple):
    """Values of our type."""

    values: pa.Array
    invalid: pa.Array
    """[n] bool: theirs had a value of which ours could not be made."""


def convert(values: Any, field: pa.Field, options: ReadOptions) -> Converted:  # noqa: ANN401
    """The values as our column.

    Args:
        values: an array, or a chunked one, of any type.
        field: ours: text, whole number, time, bytes, or a list of pictures.
        options: which times are plausible.

    Raises:
        TypeError: no value of that type can be read as ours; `type_fault` says so beforehand.
    """
    theirs = plain(values)
    if pa.types.is_null(theirs.type):
        return Converted(pa.nulls(len(theirs), field.type), _none(len(theirs)))
    converted, invalid = _maker(field.type)(theirs, options)
    if field.name in IDS and pa.types.is_string(field.type):
        lost = lost_digits(converted)
        converted, invalid = pc.if_else(lost, None, converted), pc.or_(invalid, lost)
    return Converted(converted, invalid)


def type_fault(their_type: pa.DataType, field: pa.Field) -> str | None:
    """Why no column of that type can be read as ours; None where it can, or where it is for the values to show."""
    kind = plain_type(their_type)
    if pa.types.is_null(kind):
        return None
    try:
        _maker(field.type)(pa.array([], kind), ReadOptions())
    except TypeError:
        return f"column '{field.name}' is {their_type}, expected {spelled(field.type)}"
    return None


def spelled(kind: pa.DataType) -> str:
    """Our type in a message."""
    if pa.types.is_list(kind):
        return "a list of structs with image_id and uri"
    names = ((pa.types.is_string, "text"), (pa.types.is_integer, "whole numbers"), (pa.types.is_timestamp, "times"))
    return next((name for matches, name in names if matches(kind)), "bytes" if pa.types.is_binary(kind) else str(kind))


def _maker(kind: pa.DataType) -> Maker:
    makers: tuple[tuple[Callable[[pa.DataType], bool], Maker], ...] = (
        (pa.types.is_string, to_text),
        (pa.types.is_integer, to_whole_numbers),
        (pa.types.is_timestamp, to_times),
        (pa.types.is_binary, to_binary),
        (pa.types.is_list, to_pictures),
    )
    return next(maker for matches, maker in makers if matches(kind))


def _none(count: int) -> pa.Array:
    return pc.if_else(pa.nulls(count, pa.bool_()), True, False) if count == 0 else pa.repeat(False, count)
