"""A value of theirs as a value of ours in DuckDB SQL: plain spellings here, all others by the function that knows the rules."""

from collections.abc import Sequence

import pyarrow as pa

from pipelines.input_tables.settings import ReadOptions
from pipelines.workspace.duckdb import quoting

LONGEST_NULL = 40
"""Bytes of a field above which it is not compared with the null words."""
PICTURES = "STRUCT(image_id VARCHAR, uri VARCHAR)[]"
WHOLE = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER")
TIMES = ("TIMESTAMP", "TIMESTAMP WITH TIME ZONE")
NAMES = r"[^\[{,;\s][^,;\n]*\.[A-Za-z0-9]{2,5}(,[^,;\s][^,;\n]*\.[A-Za-z0-9]{2,5})*"
"""Names of files, with endings and joined by commas: pictures in a field of a CSV."""
SECONDS, MILLIS, MICROS = 10**9, 10**12, 10**15
"""Whole numbers from here on, with as many digits, are seconds, milli- or microseconds since 1970, whatever the rules."""


def duckdb_type(kind: pa.DataType) -> str:
    """Our type in DuckDB."""
    if pa.types.is_list(kind):
        return PICTURES
    if pa.types.is_timestamp(kind):
        return "TIMESTAMP WITH TIME ZONE"
    return "BIGINT" if pa.types.is_integer(kind) else "BLOB" if pa.types.is_binary(kind) else "VARCHAR"


def value_sql(
    column: str, found: str, wanted: pa.DataType, by_rules: str, options: ReadOptions, null_words: Sequence[str] = ()
) -> str:
    """The expression that makes a value of ours; null where theirs is null or cannot be read.

    Args:
        column: theirs, quoted.
        found: its type in DuckDB.
        wanted: our type.
        by_rules: the function that is called for values that are not plain; it counts those that cannot be read.
        options: which times are plausible.
        null_words: texts that mean "no value"; of other columns than texts the function knows them.
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
    if null_words:
        return _text_of_field(column, null_words)
    return f"cast({column} as varchar)" if found in ("VARCHAR", "BOOLEAN", *WHOLE) else _or_null(column, rest)


def _text_of_field(column: str, null_words: Sequence[str]) -> str:
    """A field of a CSV; DuckDB looks at its blanks only where it may have some: '!' is the first letter after the blank."""
    words = ", ".join(map(quoting.text, null_words))
    padded = f"({column} < '!' or ends_with({column}, ' ') or ends_with({column}, '\t'))"
    trimmed = f"case when trim({column}, ' \t\r\n') not in ({words}) then {column} end"
    plain = f"case when {column} not in ({words}) then {column} end"
    return f"case when strlen({column}) > {LONGEST_NULL} then {column} when {padded} then {trimmed} else {plain} end"


def _or_null(column: str, rest: str) -> str:
    return f"case when {column} is not null then {rest} end"


def _whole(column: str, found: str, rest: str) -> str:
    if found in ("BOOLEAN", *WHOLE):
        return f"cast({column} as bigint)"
    if found != "VARCHAR":
        return _or_null(column, rest)
    number = f"try_cast({column} as bigint)"
    return f"case when cast({number} as varchar) = {column} then {number} when {column} is not null then {rest} end"


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
    number, clock = f"try_cast({column} as bigint)", f"try_cast({column} as timestamp)"
    counted = _counted(number, earliest, latest)
    fits = f"epoch_us({clock}) >= {earliest} and epoch_us({clock}) < {latest}"
    spelled = f"replace(rtrim({column}, 'Z'), 'T', ' ')"
    return (
        f"case when {column} is null then null "
        f"when cast({number} as varchar) = {column} then case {counted} else {rest} end "
        f"when cast({clock} as varchar) = {spelled} and {fits} then cast({clock} as timestamptz) else {rest} end"
    )


def _counted(number: str, earliest: int, latest: int) -> str:
    """WHEN branches for numbers of ten, thirteen and sixteen digits."""
    branches = []
    for least, scale in ((SECONDS, 1_000_000), (MILLIS, 1_000), (MICROS, 1)):
        low, high = max(least, -(-earliest // scale)), min(least * 10, -(-latest // scale))
        if low < high:
            branches.append(f"when {number} >= {low} and {number} < {high} then make_timestamptz({number} * {scale})")
    return " ".join(branches) or "when false then null"


def _pictures(column: str, found: str, rest: str) -> str:
    """A list of uris, each of which names its picture, or of structs with image_id and uri."""
    if found == "VARCHAR[]":
        return _named(f"list_filter({column}, lambda u: u <> '')")
    if found == PICTURES:
        return column
    if found != "VARCHAR":
        return _or_null(column, rest)
    listed = f"""from_json({column}, '["VARCHAR"]')"""
    is_uris = f"""starts_with({column}, '["') and not contains({column}, '{{') and not contains({column}[2:], '[')"""
    split = f"string_split({column}, ',')"
    has_blank = f"""contains({column}, '""') or contains({column}, 'null')"""
    return (
        f"case when {column} is null or {column} = '[]' then null when {is_uris} then case when {has_blank} then {rest} "
        f"else {_named(listed)} end when regexp_full_match({column}, {quoting.text(NAMES)}) then "
        f"{_named(split)} else {rest} end"
    )


def _named(uris: str) -> str:
    return f"list_transform({uris}, lambda u: {{'image_id': u, 'uri': u}})"
