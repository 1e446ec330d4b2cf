"""Values of any time or number type, and times as texts, as microseconds since 1970 in UTC."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.input_tables.settings import ReadOptions
from pipelines.input_tables.values.times import micros_of_numbers, parse_time
from pipelines.input_tables.values.unique_values import by_unique_value
from schemas.datasets import TIME

FRACTION = r"^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}:\d{2}(\.\d{1,6})?(Z|[+-]\d{2}:?\d{2})$"
NAIVE = r"^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}:\d{2}(\.\d{1,6})?)?$"
DIGITS = r"^\d{1,18}$"
FIRST = 100
"""Values that are compared with a pattern before all are."""


def to_times(values: pa.Array, options: ReadOptions) -> tuple[pa.Array, pa.Array]:
    """Times, and which values are none that is plausible. A time without a zone is UTC; nanoseconds are cut to microseconds.

    Raises:
        TypeError: neither a time, a date, a number nor a text.
    """
    kind, (earliest, latest) = values.type, options.time_range()
    if pa.types.is_timestamp(kind):
        micros = values.cast(pa.timestamp("us", kind.tz), safe=False).cast(pa.int64())
    elif pa.types.is_date(kind):
        micros = values.cast(pa.date32()).cast(pa.timestamp("us")).cast(pa.int64())
    elif pa.types.is_integer(kind):
        micros = _from_whole(values, earliest, latest)
    elif pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        micros = _from_floats(values.cast(pa.float64()), earliest, latest)
        values = pc.if_else(pc.fill_null(pc.is_nan(values.cast(pa.float64())), True), None, values)
    elif pa.types.is_string(kind):
        values = _trimmed(values)
        micros = _from_text(values, earliest, latest)
    else:
        raise TypeError(str(kind))
    plausible = pc.and_(pc.greater_equal(micros, earliest), pc.less(micros, latest))
    times = pc.if_else(plausible, micros, None)
    return times.cast(TIME), pc.and_(values.is_valid(), times.is_null())


def _from_whole(values: pa.Array, earliest: int, latest: int) -> pa.Array:
    if pa.types.is_uint64(values.type):
        values = pc.if_else(pc.less_equal(values, pa.scalar(2**63 - 1, pa.uint64())), values, None)
    whole = values.cast(pa.int64())
    micros, sound = micros_of_numbers(pc.fill_null(whole, 0).to_numpy(zero_copy_only=False), earliest, latest)
    return pc.if_else(pc.and_(pa.array(sound), whole.is_valid()), pa.array(micros), None)


def _from_floats(values: pa.Array, earliest: int, latest: int) -> pa.Array:
    """Whole numbers as such: 20261125.0 is what pandas makes of a date where one is missing."""
    number = pc.fill_null(pc.if_else(pc.is_finite(values), values, None), 0.0).to_numpy(zero_copy_only=False)
    whole = np.where((np.abs(number) < 2**62) & (number == np.trunc(number)), number, 0).astype(np.int64)
    micros, sound = micros_of_numbers(whole, earliest, latest)
    size = np.abs(number)
    scaled = np.select(
        [size < 1e11, size < 1e14, size < 1e17], [number * 1e6, number * 1e3, number], np.clip(number / 1e3, -9e18, 9e18)
    )
    fraction = np.clip(np.round(scaled), -9e18, 9e18).astype(np.int64)
    converted = np.where(whole == number, np.where(sound, micros, earliest - 1), fraction)
    return pc.if_else(pc.fill_null(pc.is_finite(values), False), pa.array(converted), None)


def _from_text(values: pa.Array, earliest: int, latest: int) -> pa.Array:
    for pattern, read in (
        (FRACTION, _zoned),
        (NAIVE, _naive),
        (DIGITS, lambda texts: _from_whole(texts.cast(pa.int64()), earliest, latest)),
    ):
        if _all_match(values.slice(0, FIRST), pattern) and _all_match(values, pattern):
            try:
                return read(values)
            except pa.ArrowInvalid:  # the thirtieth of February
                break
    return by_unique_value(values, lambda text: parse_time(text, earliest, latest), pa.int64())


def _all_match(texts: pa.Array, pattern: str) -> bool:
    return pc.all(pc.match_substring_regex(texts, pattern), min_count=0).as_py()


def _zoned(texts: pa.Array) -> pa.Array:
    return texts.cast(TIME).cast(pa.int64())


def _naive(texts: pa.Array) -> pa.Array:
    return texts.cast(pa.timestamp("us")).cast(pa.int64())


def _trimmed(values: pa.Array) -> pa.Array:
    trimmed = pc.utf8_trim_whitespace(values)
    return pc.if_else(pc.equal(trimmed, ""), None, trimmed)
