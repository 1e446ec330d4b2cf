"""A value of theirs as a value of ours in DuckDB SQL: plain spellings here, all others by the function that knows the rules."""

from collections.abc import Sequence
from typing import NamedTuple

import pyarrow as pa

from pipelines.input_tables.settings import ReadOptions
from pipelines.workspace.duckdb import quoting

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


class ValueSql(NamedTuple):
    """How a value is made: expressions that are computed once a row, and one that uses them by name."""

    helpers: dict[str, str]
    sql: str


def value_sql(
    column: str,
    kind: str,
    field: pa.Field,
    by_rules: str,
    options: ReadOptions,
    null_words: Sequence[str] = (),
    *,
    only_padded: bool = False,
) -> ValueSql:
    """The expression that makes a value of ours; null where theirs is null or cannot be read.

    Args:
        column: theirs, quoted.
        kind: its type in DuckDB.
        field: our column.
        by_rules: the function that is called for values that are not plain; it counts those that cannot be read.
        options: which times are plausible.
        null_words: texts that mean "no value"; of other columns than texts the function knows them.
        only_padded: whether these are nulls already where no blank is around them.
    """
    rest, target = f"{by_rules}({column})", field.type
    if pa.types.is_integer(target) and kind == "VARCHAR":
        number = f"_number_{field.name}"
        plain = f"case when cast({number} as varchar) = {column} then {number} when {column} is not null then {rest} end"
        return ValueSql({number: f"try_cast({column} as bigint)"}, plain)
    if pa.types.is_timestamp(target) and kind == "VARCHAR":
        return _time_of_text(column, field.name, rest, options)
    if pa.types.is_list(target):
        return ValueSql({}, f"coalesce({_pictures(column, kind, rest)}, cast([] as {PICTURES}))")
    if pa.types.is_timestamp(target):
        return ValueSql({}, _time(column, kind, rest, options))
    if null_words and pa.types.is_string(target):
        return ValueSql({}, _text_of_field(column, null_words, rest, only_padded=only_padded))
    return ValueSql({}, _plain_cast(column, kind, target) or _or_null(column, rest))


def _plain_cast(column: str, kind: str, target: pa.DataType) -> str | None:
    """The cast between types whose values are the same; None where the rules are needed."""
    if pa.types.is_integer(target) and kind in ("BOOLEAN", *WHOLE):
        return f"cast({column} as bigint)"
    if pa.types.is_binary(target) and kind == "BLOB":
        return column
    return f"cast({column} as varchar)" if pa.types.is_string(target) and kind in ("VARCHAR", "BOOLEAN", *WHOLE) else None


def _text_of_field(column: str, null_words: Sequence[str], rest: str, *, only_padded: bool) -> str:
    """A field of a CSV; `only_padded`: its reader has made nulls of null words, but not with blanks around them.

    Words are compared with fields of their length: a list of them would cost as much as all the reading.
    """
    padded = f"{column} < '!' or ends_with({column}, ' ') or ends_with({column}, '\t')"  # '!' follows the blank
    if only_padded:
        return f"case when {padded} then {rest} else {column} end"
    by_length: dict[int, list[str]] = {}
    for word in null_words:
        by_length.setdefault(len(word.encode()), []).append(quoting.text(word))
    branches = " ".join(
        f"when {size} then case when {column} not in ({', '.join(same)}) then {column} end" for size, same in by_length.items()
    )
    return f"case when {padded} then {rest} else case strlen({column}) {branches} else {column} end end"


def _or_null(column: str, rest: str) -> str:
    return f"case when {column} is not null then {rest} end"


def _time_of_text(column: str, name: str, rest: str, options: ReadOptions) -> ValueSql:
    """Numbers of as many digits as seconds, milli- and microseconds since 1970 have, and times to the second."""
    earliest, latest = options.time_range()
    number, clock = f"_number_{name}", f"_clock_{name}"
    helpers = {  # a cast that fails is slow
        number: f"case when strlen({column}) in (10, 13, 16) then try_cast({column} as bigint) end",
        clock: f"case when strlen({column}) in (19, 20) then try_cast({column} as timestamp) end",
    }
    fits = f"epoch_us({clock}) >= {earliest} and epoch_us({clock}) < {latest}"
    counted = f"when cast({number} as varchar) = {column} then case {_counted(number, earliest, latest)} else {rest} end"
    sql = f"case when {column} is null then null when {fits} then make_timestamptz(epoch_us({clock})) {counted} else {rest} end"
    return ValueSql(helpers, sql)


def _time(column: str, kind: str, rest: str, options: ReadOptions) -> str:
    earliest, latest = options.time_range()
    if kind in TIMES:
        at = f"epoch_us({column})"
        sql = f"when {at} >= {earliest} and {at} < {latest} then make_timestamptz({at})"
        return f"case when {column} is null then null {sql} else {rest} end"
    if kind in ("BIGINT", "UINTEGER"):
        return f"case when {column} is null then null {_counted(column, earliest, latest)} else {rest} end"
    return _or_null(column, rest)


def _counted(number: str, earliest: int, latest: int) -> str:
    """WHEN branches for numbers of ten, thirteen and sixteen digits."""
    branches = []
    for least, scale in ((SECONDS, 1_000_000), (MILLIS, 1_000), (MICROS, 1)):
        low, high = max(least, -(-earliest // scale)), min(least * 10, -(-latest // scale))
        if low < high:
            branches.append(f"when {number} >= {low} and {number} < {high} then make_timestamptz({number} * {scale})")
    return " ".join(branches) or "when false then null"


def _pictures(column: str, kind: str, rest: str) -> str:
    """A list of uris, each of which names its picture, or of structs with image_id and uri."""
    if kind == "VARCHAR[]":
        return _named(f"list_filter({column}, lambda u: u <> '')")
    if kind == PICTURES:
        return column
    if kind != "VARCHAR":
        return _or_null(column, rest)
    listed = f"""from_json({column}, '["VARCHAR"]')"""
    is_uris = f"""starts_with({column}, '["') and not contains({column}, '{{') and not contains({column}[2:], '[')"""
    split = f"string_split({column}, ',')"
    has_blank = f"""contains({column}, '""') or contains({column}, 'null')"""
    return (
        f"case when {column} is null or {column} = '[]' then null when {is_uris} then case when {has_blank} then {rest} "
        f"else {_named(listed)} end when regexp_full_match({column}, {quoting.text(NAMES)}) "
        f"and not (contains({column}, '://') and contains({column}, ' ')) then "
        f"{_named(split)} else {rest} end"
    )


def _named(uris: str) -> str:
    return f"list_transform({uris}, lambda u: {{'image_id': u, 'uri': u}})"
