"""What an evaluation gives another encoder, and what it takes back."""

import pyarrow as pa

from schemas.item import ITEM
from schemas.table import column

ENCODE = pa.schema([column("item", ITEM, "an item to encode; `image_ids` name pictures of the file beside it", required=True)])
"""`00000.parquet` and on, with `00000.pictures.arrow` (schemas.shards.PICTURES): what `python -m uninote_train evaluate
--write-items FOLDER` writes and jobs/encode_items.py reads."""

VECTORS = pa.schema(
    [
        column("item_id", pa.string(), "the item", required=True),
        column("vector", pa.list_(pa.float32()), "of unit length; null: the encoder gave none"),
        column("reason", pa.string(), "why there is no vector"),
    ]
)
"""`*.parquet` of a folder: what jobs/encode_items.py writes and `python -m uninote_train evaluate --vectors FOLDER` reads. Any
other program may write it: vectors are brought to unit length, each item_id counts once, rows of unknown items are ignored."""
