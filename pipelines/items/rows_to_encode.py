"""Input rows of an encoder: items, and the elements of notes."""

import pyarrow as pa

from schemas.item import REGION

CHUNK = pa.schema(
    [
        ("item_id", pa.string()),
        ("note_id", pa.string()),
        ("kind", pa.string()),
        ("uris", pa.list_(pa.string())),
        ("region", REGION),
        ("text", pa.string()),
        ("pictures", pa.string()),
    ]
)
"""An item to encode: the uris of its pictures, and EMBEDDINGS.pictures of them."""
