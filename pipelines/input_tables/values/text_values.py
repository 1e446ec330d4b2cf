"""Values of any scalar type as texts; a text is never given another spelling."""

from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.input_tables.settings import ReadOptions

EXACT = 2**53
"""Up to here a double holds every whole number."""


def to_text(values: pa.Array, _: ReadOptions) -> tuple[pa.Array, pa.Array]:
    """Texts, and which values cannot be one: a double above 2**53 has lost the id's last digits.

    Raises:
        TypeError: a list, a struct, a map or a duration.
    """
    kind = values.type
    none = pa.repeat(False, len(values))
    if pa.types.is_string(kind):
        return valid_utf8(values), none
    if pa.types.is_binary(kind):
        return valid_utf8(values.cast(pa.string(), safe=False)) if _is_utf8(values) else _replaced(values), none
    if pa.types.is_floating(kind):
        return _from_floats(values.cast(pa.float64()))
    if pa.types.is_decimal(kind):
        return _from_decimals(values), none
    if pa.types.is_timestamp(kind):
        return values.cast(pa.string()), none
    if pa.types.is_integer(kind) or pa.types.is_boolean(kind) or pa.types.is_date(kind):
        return values.cast(pa.string()), none
    raise TypeError(str(kind))


def valid_utf8(values: pa.Array) -> pa.Array:
    """The same texts; bytes that are no UTF-8 are U+FFFD. Cost: one pass where all are valid."""
    try:
        values.validate(full=True)
    except pa.ArrowInvalid:
        return _replaced(values.cast(pa.binary()))
    return values


def texts(values: list[Any]) -> pa.Array:
    """Python texts as an array; halves of surrogate pairs, as broken JSON has them, are U+FFFD."""
    try:
        return pa.array(values, pa.string())
    except (UnicodeEncodeError, pa.ArrowInvalid):
        return pa.array(
            [v if v is None else v.encode("utf-16", "surrogatepass").decode("utf-16", "replace") for v in values], pa.string()
        )


def _is_utf8(values: pa.Array) -> bool:
    try:
        values.cast(pa.string())
    except pa.ArrowInvalid:
        return False
    return True


def _replaced(values: pa.Array) -> pa.Array:
    return pa.array([None if raw is None else raw.decode("utf-8", "replace") for raw in values.to_pylist()], pa.string())


def _from_floats(values: pa.Array) -> tuple[pa.Array, pa.Array]:
    """100.0 is "100"; NaN, pandas' missing, is null; other fractions as they are spelled."""
    finite = pc.fill_null(pc.is_finite(values), False)
    whole = pc.and_(finite, pc.equal(values, pc.trunc(values)))
    too_large = pc.fill_null(pc.and_(finite, pc.greater(pc.abs(values), float(EXACT))), False)
    small = pc.if_else(pc.and_(pc.fill_null(whole, False), pc.invert(too_large)), values, None)
    digits = small.cast(pa.int64()).cast(pa.string())
    spelled = pc.if_else(pc.and_(finite, pc.invert(too_large)), values.cast(pa.string()), None)
    return pc.coalesce(digits, spelled), too_large


def _from_decimals(values: pa.Array) -> pa.Array:
    """201.00 is "201"."""
    out = []
    for value in values.to_pylist():
        if value is not None and value == value.to_integral_value():
            value = value.to_integral_value()
        out.append(None if value is None else format(value, "f"))
    return pa.array(out, pa.string())
