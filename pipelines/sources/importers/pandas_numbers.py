"""Numbers that pandas has held: whole numbers became floats, and what was missing NaN."""

from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from schemas.errors import DataError


def whole(values: pa.Array, name: str) -> pa.Array:
    """Any numbers as int64; null where there is none, NaN, an infinity or a fraction.

    Raises:
        DataError: the column `name` holds something else.
    """
    if pa.types.is_null(values.type):
        return values.cast(pa.int64())
    if not (pa.types.is_integer(values.type) or pa.types.is_floating(values.type) or pa.types.is_boolean(values.type)):
        raise DataError(f"column '{name}' is {values.type}, wanted numbers")
    if not pa.types.is_floating(values.type):
        return values.cast(pa.int64())
    doubles = values.cast(pa.float64())
    sound = pc.and_(pc.is_finite(doubles), pc.equal(doubles, pc.trunc(doubles)))
    return pc.if_else(pc.fill_null(sound, False), doubles, None).cast(pa.int64())


def names(values: pa.Array, name: str) -> pa.Array:
    """Numbers as the ids that they stand for, without a decimal point; strings as they are."""
    if pa.types.is_string(values.type) or pa.types.is_large_string(values.type):
        return values.cast(pa.string())
    return whole(values, name).cast(pa.string())


def field(structs: Any, name: str, where: str) -> pa.Array:  # noqa: ANN401
    """A field of an array of structs.

    Raises:
        DataError: they have none of this name.
    """
    if structs.type.get_field_index(name) < 0:
        raise DataError(f"{where}: no field '{name}'; found {[f.name for f in structs.type]}")
    return pc.struct_field(structs, name)
