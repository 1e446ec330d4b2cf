"""COCO's captions: one JSON object with images and annotations, as rows of a table of captions."""

import json
from collections.abc import Iterator
from typing import Any

from pipelines.input_tables.files.byte_streams import open_bytes
from pipelines.input_tables.open_table import InputTable

LARGEST = 1 << 30
"""Bytes; COCO's own are 92 MB."""
COLUMNS = ["file_name", "caption"]


def is_coco(table: InputTable) -> bool:
    """Whether a JSON file is COCO's. Cost: reads one that is a single object and larger than its sample."""
    if table.format != "json" or len(table.looks) != 1 or table.size_bytes > LARGEST:
        return False
    look = table.looks[0]
    if look.json is None or look.json.objects > 1 or look.json.layout == "array":
        return False
    names = set(look.columns) or set(_parsed(table))
    return {"images", "annotations"} <= names


def coco_rows(table: InputTable) -> Iterator[dict[str, Any]]:
    """COLUMNS: a row for each annotation with a caption. Memory: the whole object."""
    parsed = _parsed(table)
    names = {image.get("id"): image.get("file_name") for image in parsed["images"]}
    for annotation in parsed["annotations"]:
        if annotation.get("caption"):
            yield {"file_name": names.get(annotation.get("image_id")), "caption": annotation["caption"]}


def _parsed(table: InputTable) -> dict[str, Any]:
    text = table.looks[0].text
    with open_bytes(table.looks[0].file.place, text.compression if text else None) as stream:
        try:
            parsed = json.loads(stream.read())
        except (ValueError, RecursionError):
            return {}
    return parsed if isinstance(parsed, dict) else {}
