"""Values of any number type, and counts as texts, as 64-bit whole numbers."""

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.input_tables.settings import ReadOptions
from pipelines.input_tables.values.counts import LARGEST, parse_count
from pipelines.input_tables.values.unique_values import by_unique_value

BELOW_2_63 = float(2**63)


def to_whole_numbers(values: pa.Array, _: ReadOptions) -> tuple[pa.Array, pa.Array]:
    """Whole numbers, and which values are none: a fraction, a number beyond 64 bits, a text that is no count.

    NaN, pandas' missing, is null.

    Raises:
        TypeError: neither a number nor a text.
    """
    kind = values.type
    if pa.types.is_uint64(kind):
        fits = pc.less_equal(values, pa.scalar(LARGEST, pa.uint64()))
        return _where(values, fits).cast(pa.int64()), _not(values, fits)
    if pa.types.is_integer(kind):
        return values.cast(pa.int64()), pa.repeat(False, len(values))
    if pa.types.is_floating(kind):
        return _from_floats(values.cast(pa.float64()))
    if pa.types.is_decimal(kind):
        return _from_decimals(values)
    if pa.types.is_string(kind):
        return _from_text(values)
    if pa.types.is_binary(kind):
        return _from_text(
            pa.array([None if v is None else v.decode("utf-8", "replace") for v in values.to_pylist()], pa.string())
        )
    raise TypeError(str(kind))


def _from_floats(values: pa.Array) -> tuple[pa.Array, pa.Array]:
    present = pc.fill_null(pc.invert(pc.is_nan(values)), False)
    fits = pc.and_(pc.equal(values, pc.trunc(values)), pc.less(pc.abs(values), BELOW_2_63))
    whole = pc.fill_null(pc.and_(present, fits), False)
    return pc.if_else(whole, values, None).cast(pa.int64()), pc.and_not(present, whole)


def _from_decimals(values: pa.Array) -> tuple[pa.Array, pa.Array]:
    numbers = [None if v is None or v != v.to_integral_value() or abs(v) > LARGEST else int(v) for v in values.to_pylist()]
    converted = pa.array(numbers, pa.int64())
    return converted, pc.and_(values.is_valid(), converted.is_null())


def _from_text(values: pa.Array) -> tuple[pa.Array, pa.Array]:
    trimmed = pc.utf8_trim_whitespace(values)
    blank = pc.fill_null(pc.equal(trimmed, ""), True)
    try:
        converted = pc.if_else(blank, None, trimmed).cast(pa.int64())
    except pa.ArrowInvalid:
        converted = by_unique_value(pc.if_else(blank, None, trimmed), parse_count, pa.int64())
    return converted, pc.and_(pc.invert(blank), converted.is_null())


def _where(values: pa.Array, fits: pa.Array) -> pa.Array:
    return pc.if_else(fits, values, None)


def _not(values: pa.Array, fits: pa.Array) -> pa.Array:
    return pc.and_(values.is_valid(), pc.invert(pc.fill_null(fits, True)))
