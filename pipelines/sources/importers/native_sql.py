"""A value of theirs as a value of ours in DuckDB SQL: plain spellings here, all others by the function that knows the rules."""

from collections.abc import Sequence
from typing import NamedTuple

import pyarrow as pa

from pipelines.input_tables.settings import IDS, ReadOptions
from pipelines.input_tables.values.broken_ids import NOTATION
from pipelines.sources.importers.native_spellings import count_branches, text_of_field
from pipelines.workspace.duckdb import quoting

PICTURES = "STRUCT(image_id VARCHAR, uri VARCHAR)[]"
WHOLE = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER")
TIMES = ("TIMESTAMP", "TIMESTAMP WITH TIME ZONE")
NAMES = r"[^\[{,;|，；、\s][^,;|，；、\n]*\.[A-Za-z0-9]{2,5}(,[^,;|，；、\s][^,;|，；、\n]*\.[A-Za-z0-9]{2,5})*"
"""Names of files, with endings and joined by commas: pictures in a field of a CSV."""
OTHER_ELEMENT = r',\s*[^"\s]'
"""A comma before something else than a text. Without one all elements of a JSON list are texts, if its first is; a comma within
a text matches, too, which costs time and nothing else."""
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
        spellings = count_branches(column)
        plain = f"when cast({number} as varchar) = {column} then {number} when {column} is null then null"
        return ValueSql({number: f"try_cast({column} as bigint)"}, f"case {plain} {spellings} else {rest} end")
    if pa.types.is_timestamp(target) and kind == "VARCHAR":
        return _time_of_text(column, field.name, rest, options)
    if pa.types.is_list(target):
        return ValueSql({}, _pictures(column, kind, rest))
    if pa.types.is_timestamp(target):
        return ValueSql({}, _time(column, kind, rest, options))
    if null_words and pa.types.is_string(target):
        text = text_of_field(column, null_words, only_padded=only_padded)
    else:
        text = _plain_cast(column, kind, target) or _or_null(column, rest)
    return ValueSql({}, _unless_lost(column, text, rest) if field.name in IDS and kind == "VARCHAR" else text)


def _plain_cast(column: str, kind: str, target: pa.DataType) -> str | None:
    """The cast between types whose values are the same; None where the rules are needed."""
    if pa.types.is_integer(target) and kind in ("BOOLEAN", *WHOLE):
        return f"cast({column} as bigint)"
    if pa.types.is_binary(target) and kind == "BLOB":
        return column
    return f"cast({column} as varchar)" if pa.types.is_string(target) and kind in ("VARCHAR", "BOOLEAN", *WHOLE) else None


def _unless_lost(column: str, text: str, rest: str) -> str:
    """Ids that are numbers in a spreadsheet's notation are for the rules; most ids have no such letter, or fail at once."""
    letter = f"(contains({column}, 'E') or contains({column}, 'e'))"
    return f"case when {letter} and regexp_full_match({column}, {quoting.text(NOTATION)}) then {rest} else {text} end"


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
    """A list of uris, each of which names its picture, or of structs with image_id and uri; empty where theirs is null.

    All forms are branches of one CASE: each CASE or COALESCE around another copies all lists once more.
    """
    none = f"cast([] as {PICTURES})"
    if kind == "VARCHAR[]":
        named = _named(f"list_filter({column}, lambda u: u <> '')")
        return f"case when {column} is null then {none} else {named} end"
    if kind == PICTURES:
        return f"coalesce({column}, {none})"
    if kind != "VARCHAR":
        return f"coalesce({_or_null(column, rest)}, {none})"
    is_texts = f"""starts_with({column}, '["') and not regexp_matches({column}, {quoting.text(OTHER_ELEMENT)})"""
    split = f"string_split({column}, ',')"
    listed = f"""from_json({column}, '["VARCHAR"]')"""
    return (
        f"case when {is_texts} and not contains({column}, '\"\"') then {_named(listed)} "
        f"when {column} is null or {column} = '[]' then {none} "
        f"when regexp_full_match({column}, {quoting.text(NAMES)}) "
        f"and not contains({column}, ' ') then {_named(split)} "
        f"else coalesce({rest}, {none}) end"
    )


def _named(uris: str) -> str:
    return f"list_transform({uris}, lambda u: {{'image_id': u, 'uri': u}})"
