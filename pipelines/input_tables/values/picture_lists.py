"""A note's pictures as a list of structs with image_id and uri, whatever kind of list a file has."""

from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.input_tables.settings import ReadOptions
from pipelines.input_tables.values.image_lists import URI_KEYS, parse_images
from pipelines.input_tables.values.plain_types import plain
from pipelines.input_tables.values.text_values import texts, to_text
from pipelines.input_tables.values.unique_values import by_unique_value
from schemas.datasets import IMAGE_REFERENCES

STRUCT = IMAGE_REFERENCES.value_type


def to_pictures(values: pa.Array, options: ReadOptions) -> tuple[pa.Array, pa.Array]:
    """Lists of pictures, and which values are none.

    Raises:
        TypeError: neither a list of texts or of structs with image_id or uri, nor a text.
    """
    kind = values.type
    none = pa.repeat(False, len(values))
    if pa.types.is_string(kind):
        return _from_text(values)
    if not pa.types.is_list(kind):
        raise TypeError(str(kind))
    elements = plain(values.flatten())
    if pa.types.is_null(elements.type):
        return _listed(values, pa.nulls(len(elements), STRUCT)), none
    if pa.types.is_struct(elements.type):
        return _listed(values, _structs(elements, options)), none
    names, _ = to_text(elements, options)
    return _listed(values, pa.StructArray.from_arrays([names, names], fields=list(STRUCT))), none


def _structs(elements: pa.StructArray, options: ReadOptions) -> pa.Array:
    kind = elements.type
    named = next((key for key in URI_KEYS if kind.get_field_index(key) >= 0 and kind.get_field_index("bytes") < 0), "uri")
    indexes = {"image_id": kind.get_field_index("image_id"), "uri": kind.get_field_index(named)}
    if max(indexes.values()) < 0:
        raise TypeError(str(elements.type))
    columns: dict[str, Any] = {}
    for name, index in indexes.items():
        if index >= 0:
            values = plain(pc.struct_field(elements, [index]))
            columns[name] = values.cast(pa.string()) if pa.types.is_null(values.type) else to_text(values, options)[0]
    uris = columns.get("uri", pa.nulls(len(elements), pa.string()))
    return pa.StructArray.from_arrays([columns.get("image_id", uris), uris], fields=list(STRUCT), mask=elements.is_null())


def _listed(lists: pa.Array, structs: pa.Array) -> pa.Array:
    """The same lists of other elements; `lists.flatten()` has left out what nulls and slices skip."""
    lengths = pc.fill_null(pc.list_value_length(lists), 0)
    ends = pc.cumulative_sum(lengths.cast(pa.int32())) if len(lists) else pa.array([], pa.int32())
    offsets = pa.concat_arrays([pa.array([0], pa.int32()), ends.cast(pa.int32())])
    return pa.ListArray.from_arrays(offsets, structs, type=IMAGE_REFERENCES, mask=lists.is_null())


def _from_text(values: pa.Array) -> tuple[pa.Array, pa.Array]:
    listed = by_unique_value(values, _structs_of, pa.list_(pa.list_(pa.string())))
    converted = _listed(listed, _from_pairs(listed))
    return converted, pc.and_(values.is_valid(), converted.is_null())


def _structs_of(text: str) -> list[list[str | None]] | None:
    pictures = parse_images(text)
    return None if pictures is None else [list(picture) for picture in pictures]


def _from_pairs(listed: pa.Array) -> pa.Array:
    pairs = listed.flatten().to_pylist()
    columns = [texts([pair[k] for pair in pairs]) for k in range(2)]
    return pa.StructArray.from_arrays(columns, fields=list(STRUCT))
