"""Names of classes where a data set of Hugging Face has numbers: its schema carries them (ClassLabel)."""

import json
from collections.abc import Mapping
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.input_tables.files.byte_streams import open_bytes
from pipelines.input_tables.files.places import open_place
from pipelines.input_tables.open_table import InputTable
from pipelines.workspace.duckdb import quoting

KEY = b"huggingface"


def class_names(table: InputTable) -> dict[str, list[str]]:
    """Column -> the names of its classes, by their numbers. Cost: the schema of the first file is read again."""
    look = next(iter(table.looks), None)
    if look is None or look.format not in ("parquet", "arrow"):
        return {}
    if look.format == "parquet":
        system, path = open_place(look.file.place)
        metadata = pq.read_schema(path, filesystem=system).metadata
    else:
        with open_bytes(look.file.place, None) as stream:
            try:
                metadata = pa.ipc.open_file(stream).schema.metadata
            except pa.ArrowInvalid:
                stream.seek(0)
                metadata = pa.ipc.open_stream(stream).schema.metadata
    return names_in((metadata or {}).get(KEY, b"{}"))


def names_in(description: bytes) -> dict[str, list[str]]:
    """The same, from the text that the data set's library keeps in a schema.

    >>> names_in(b'{"info": {"features": {"label": {"names": ["cat", "dog"], "_type": "ClassLabel"}}}}')
    {'label': ['cat', 'dog']}
    """
    try:
        features: Any = json.loads(description)["info"]["features"]
    except (ValueError, KeyError, TypeError):
        return {}
    if not isinstance(features, Mapping):
        return {}
    return {
        name: [str(one) for one in feature["names"]]
        for name, feature in features.items()
        if isinstance(feature, Mapping) and feature.get("_type") == "ClassLabel" and isinstance(feature.get("names"), list)
    }


def named_class_sql(column: str, names: list[str]) -> str:
    """SQL of the name of a class; null for -1, which stands for none.

    >>> print(named_class_sql("label", ["cat", "dog"]))
    ['cat', 'dog']["label" + 1]
    """
    return f"[{', '.join(map(quoting.text, names))}][{quoting.name(column)} + 1]"
