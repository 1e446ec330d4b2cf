"""Schemas exchanged between an evaluation and an external encoder: items out, vectors in."""

import pyarrow as pa

from schemas.item import ITEM
from schemas.table import column

ENCODE = pa.schema(
    [column("item", ITEM, "item to encode; `image_ids` refer to the pictures file with the same number", required=True)]
)
"""`00000.parquet`, ..., each with a `00000.pictures.arrow` (schemas.shards.PICTURES): what `python -m uninote_train evaluate
--write-items FOLDER` writes and jobs/encode_items.py reads."""

VECTORS = pa.schema(
    [
        column("item_id", pa.string(), "item id", required=True),
        column("vector", pa.list_(pa.float32()), "unit length; null: the encoder returned none"),
        column("reason", pa.string(), "why there is no vector"),
    ]
)
"""`*.parquet` of a folder: what jobs/encode_items.py writes and `python -m uninote_train evaluate --vectors FOLDER` reads. Any
other program may write it: vectors are normalized to unit length, each item_id counts once, unknown items are ignored."""
