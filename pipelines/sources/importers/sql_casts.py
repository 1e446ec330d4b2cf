"""A value of theirs as a value of ours, in DuckDB SQL: null where it cannot be."""

import pyarrow as pa

from schemas.errors import DataError

FRACTIONS = ("DOUBLE", "FLOAT", "DECIMAL")
NUMBERS = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "HUGEINT", *FRACTIONS)
PICTURES = "STRUCT(image_id VARCHAR, uri VARCHAR)[]"


def convert(column: str, found: str | None, wanted: pa.Field, table: str) -> str:
    """The expression that makes a value of our column.

    Args:
        column: theirs, quoted.
        found: its type in DuckDB; None where nothing is mapped.
        wanted: our column.
        table: ours, for the message.

    Raises:
        DataError: a list or a struct of which ours cannot be made.
    """
    if pa.types.is_list(wanted.type):
        return _pictures(column, found, table)
    if found is None:
        return f"cast(null as {_type(wanted.type)})"
    if found.endswith("[]") or found.startswith(("STRUCT", "MAP")):
        raise DataError(
            f'[{table}.columns] {wanted.name}: theirs is {found}, wanted {_type(wanted.type)}; say {{ sql = "..." }}'
        )
    if pa.types.is_timestamp(wanted.type):
        return _time(column, found)
    if pa.types.is_string(wanted.type):
        return _text(column, found)
    return f"try_cast({column} as {_type(wanted.type)})"


def said(column: str, found: str) -> str:
    """Whether theirs has a value: NaN is how pandas says that there is none."""
    return f"coalesce(isfinite({column}), false)" if found in ("DOUBLE", "FLOAT") else f"{column} is not null"


def _text(column: str, found: str) -> str:
    """An id that pandas made a float loses its decimal point again."""
    if not found.startswith(FRACTIONS):
        return f"cast({column} as varchar)"
    number = f"cast({column} as double)"
    whole = f"cast(cast({number} as hugeint) as varchar)"
    spelled = f"case when {number} = trunc({number}) then {whole} else cast({column} as varchar) end"
    return f"case when isfinite({number}) then {spelled} end"


def _time(column: str, found: str) -> str:
    """Seconds, milli- or microseconds since 1970 by their size, as intake reads them from text; or what says a time."""
    number = f"try_cast({column} as double)"
    micros = (
        f"case when abs({number}) < 1e11 then {number} * 1000000 when abs({number}) < 1e14 then {number} * 1000 "
        f"when abs({number}) < 1e17 then {number} end"
    )
    counted = f"make_timestamptz(try_cast({micros} as bigint))"
    if found.startswith(NUMBERS):
        return counted
    said = f"try_cast({column} as timestamptz)"
    return f"coalesce({said}, {counted})" if found == "VARCHAR" else said


def _pictures(column: str, found: str | None, table: str) -> str:
    """A uri, a list of uris (each names its picture), or a list of structs with image_id and uri; none: an empty list."""
    if found is None:
        return f"cast([] as {PICTURES})"
    listed = {"VARCHAR": f"[{column}]", "VARCHAR[]": column}.get(found)
    if listed is not None:
        named = f"list_transform(list_filter({listed}, lambda u: u <> ''), lambda u: {{'image_id': u, 'uri': u}})"
        return f"coalesce({named}, cast([] as {PICTURES}))"
    if not (found.startswith("STRUCT(") and found.endswith("[]") and "image_id" in found and "uri" in found):
        raise DataError(
            f"[{table}.columns] images: theirs is {found}, wanted a uri, a list of uris, or a list of structs with image_id "
            "and uri; say { sql = \"list_transform(theirs, lambda p: {'image_id': p.id, 'uri': p.path})\" }"
        )
    picked = "{'image_id': cast(p.image_id as varchar), 'uri': cast(p.uri as varchar)}"
    return f"coalesce(list_transform({column}, lambda p: {picked}), cast([] as {PICTURES}))"


def _type(kind: pa.DataType) -> str:
    if pa.types.is_timestamp(kind):
        return "timestamptz"
    return "bigint" if pa.types.is_integer(kind) else "blob" if pa.types.is_binary(kind) else "varchar"
