"""Arrow's many spellings of a type made plain: dictionaries, views, large, run-end encoded and extension types."""

from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

UUID = "arrow.uuid"


def plain_type(kind: pa.DataType) -> pa.DataType:
    """The plain type that `plain` gives for a type."""
    return plain(pa.nulls(0, kind)).type


def plain(values: Any) -> pa.Array:  # noqa: ANN401
    """The same values as null, boolean, number, string, binary, time, list or struct; UUIDs as texts in lower case.

    Nested values stay as they are inside: who reads a list makes its elements plain.
    """
    if isinstance(values, pa.ChunkedArray):
        values = values.combine_chunks() if values.num_chunks != 1 else values.chunk(0)
    kind = values.type
    if isinstance(kind, pa.BaseExtensionType):
        return _uuids(values.storage) if kind.extension_name == UUID else plain(values.storage)
    if pa.types.is_dictionary(kind):
        return plain(values.dictionary).take(values.indices)  # dictionary_decode() knows no views (26.0)
    if pa.types.is_run_end_encoded(kind):
        runs = pa.RunEndEncodedArray.from_arrays(values.run_ends, plain(values.values))
        return pc.run_end_decode(runs).slice(values.offset, len(values))
    if kind in (pa.large_string(), pa.string_view()):
        return values.cast(pa.string())
    if kind in (pa.large_binary(), pa.binary_view()) or pa.types.is_fixed_size_binary(kind):
        return values.cast(pa.binary())
    return _plain_list(values, kind)


def _plain_list(values: pa.Array, kind: pa.DataType) -> pa.Array:
    if pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind):
        return values.cast(pa.list_(kind.value_type))
    if pa.types.is_list_view(kind) or pa.types.is_large_list_view(kind):  # Arrow's own cast loses elements (26.0)
        return pa.array(values.to_pylist(), pa.list_(kind.value_type))
    return values


def _uuids(storage: pa.Array) -> pa.Array:
    texts = [None if raw is None else raw.hex() for raw in storage.to_pylist()]
    return pa.array([t and f"{t[:8]}-{t[8:12]}-{t[12:16]}-{t[16:20]}-{t[20:]}" for t in texts], pa.string())
