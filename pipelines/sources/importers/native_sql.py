"""A value of theirs as a value of ours in DuckDB SQL: plain spellings here, all others by the function that knows the rules."""

import pyarrow as pa

from pipelines.input_tables.settings import ReadOptions
from pipelines.workspace.duckdb import quoting

PICTURES = "STRUCT(image_id VARCHAR, uri VARCHAR)[]"
WHOLE = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER")
TIMES = ("TIMESTAMP", "TIMESTAMP WITH TIME ZONE")
CLOCK = ("9999-99-99 99:99:99", "9999-99-99T99:99:99", "9999-99-99T99:99:99Z", "9999-99-99 99:99:99+00:00", "9999-99-99")
"""Times that need no rules, each digit a 9."""
SMALLEST_SECONDS, MILLIS, MICROS = 10**9, 10**12, 10**15
"""Whole numbers from here on, with as many digits, are seconds, milli- or microseconds since 1970, whatever the rules."""


def duckdb_type(kind: pa.DataType) -> str:
    """Our type in DuckDB."""
    if pa.types.is_list(kind):
        return PICTURES
    if pa.types.is_timestamp(kind):
        return "TIMESTAMP WITH TIME ZONE"
    return "BIGINT" if pa.types.is_integer(kind) else "BLOB" if pa.types.is_binary(kind) else "VARCHAR"


def value_sql(column: str, found: str, wanted: pa.DataType, by_rules: str, options: ReadOptions) -> str:
    """The expression that makes a value of ours; null where theirs is null or cannot be read.

    Args:
        column: theirs, quoted.
        found: its type in DuckDB.
        wanted: our type.
        by_rules: the function that is called for values that are not plain; it counts those that cannot be read.
        options: which times are plausible.
    """
    rest = f"{by_rules}({column})"
    if pa.types.is_list(wanted):
        return f"coalesce({_pictures(column, found, rest)}, cast([] as {PICTURES}))"
    if pa.types.is_integer(wanted):
        return _whole(column, found, rest)
    if pa.types.is_timestamp(wanted):
        return _time(column, found, rest, options)
    if pa.types.is_binary(wanted):
        return column if found == "BLOB" else _or_null(column, rest)
    return f"cast({column} as varchar)" if found in ("VARCHAR", "BOOLEAN", *WHOLE) else _or_null(column, rest)


def _or_null(column: str, rest: str) -> str:
    return f"case when {column} is not null then {rest} end"


def _is_digits(column: str, least: int, most: int) -> str:
    return f"length({column}) between {least} and {most} and translate({column}, '0123456789', '') = ''"


def _whole(column: str, found: str, rest: str) -> str:
    if found in ("BOOLEAN", *WHOLE):
        return f"cast({column} as bigint)"
    if found != "VARCHAR":
        return _or_null(column, rest)
    return (
        f"case when {column} is null then null when {_is_digits(column, 1, 18)} then cast({column} as bigint) else {rest} end"
    )


def _time(column: str, found: str, rest: str, options: ReadOptions) -> str:
    earliest, latest = options.time_range()
    if found in TIMES:
        at = f"cast({column} as timestamptz)"
        fits = f"epoch_us({at}) >= {earliest} and epoch_us({at}) < {latest}"
        return f"case when {column} is null then null when {fits} then {at} else {rest} end"
    if found in ("BIGINT", "UINTEGER"):
        return f"case when {column} is null then null {_counted(column, earliest, latest)} else {rest} end"
    if found != "VARCHAR":
        return _or_null(column, rest)
    number = f"cast({column} as bigint)"
    digits = f"when {_is_digits(column, 10, 16)} then case {_counted(number, earliest, latest)} else {rest} end"
    forms = ", ".join(quoting.text(form) for form in CLOCK)
    read = f"try_cast({column} as timestamptz)"
    fits = f"epoch_us({read}) >= {earliest} and epoch_us({read}) < {latest}"
    clock = (
        f"when translate({column}, '0123456789', '9999999999') in ({forms}) then case when {fits} then {read} else {rest} end"
    )
    return f"case when {column} is null then null {digits} {clock} else {rest} end"


def _counted(number: str, earliest: int, latest: int) -> str:
    """WHEN branches for numbers of ten, thirteen and sixteen digits."""
    branches = []
    for least, scale in ((SMALLEST_SECONDS, 1_000_000), (MILLIS, 1_000), (MICROS, 1)):
        low, high = max(least, -(-earliest // scale)), min(least * 10, -(-latest // scale))
        if low < high:
            branches.append(f"when {number} >= {low} and {number} < {high} then make_timestamptz({number} * {scale})")
    return " ".join(branches) or "when false then null"


def _pictures(column: str, found: str, rest: str) -> str:
    """A list of uris, each of which names its picture, or of structs with image_id and uri."""
    listed = lambda uris: f"list_transform(list_filter({uris}, lambda u: u <> ''), lambda u: {{'image_id': u, 'uri': u}})"  # noqa: E731
    if found == "VARCHAR[]":
        return listed(column)
    if found == PICTURES:
        return column
    if found != "VARCHAR":
        return _or_null(column, rest)
    uris = listed(f"""from_json({column}, '["VARCHAR"]')""")
    is_uris = (
        f"""starts_with({column}, '["') and not regexp_matches({column}[2:], '[\\[{{]|, *[^" ]') and json_valid({column})"""
    )
    return f"case when {column} is null or {column} in ('', '[]') then null when {is_uris} then {uris} else {rest} end"
