"""The item: a view of a note, and the unit that is queried and retrieved (method.md, section 1)."""

import hashlib
import math
from collections.abc import Sequence
from typing import Literal

import pyarrow as pa

Kind = Literal["image", "crop", "text", "ocr", "note"]
KINDS: tuple[Kind, ...] = ("image", "crop", "text", "ocr", "note")

TASKS = (
    "image_to_text", "text_to_image", "image_to_note", "text_to_note", "note_to_image", "note_to_text",
    "image_to_ocr", "ocr_to_image", "ocr_to_note", "note_to_note", "image_to_image", "text_to_text",
)  # fmt: skip

UNDESCRIBED = "[image without description]"
"""Placeholder in a note item's text for an image that was taken out and that no model has described yet."""

REGION = pa.struct([(name, pa.float64()) for name in ("x0", "y0", "x1", "y1")])
"""A box in fractions of the picture's width and height, origin at the top left."""

ITEM = pa.struct(
    [
        ("item_id", pa.string()),
        ("kind", pa.string()),
        ("note_id", pa.string()),
        ("image_ids", pa.list_(pa.string())),
        ("region", REGION),
        ("text", pa.string()),
    ]
)

MILLION = 1_000_000


def item_id(
    kind: Kind,
    note_id: str,
    image_ids: Sequence[str] = (),
    region: Sequence[float] | None = None,
    text: str | None = None,
) -> str:
    """Hash an item's content to 32 hex digits, with the same result in Spark (`pipelines.items.spark_columns`) and here.

    Every part is prefixed with its length, so that no two items serialize to the same
    string; a region is rounded to millionths, so that engines agree on its digits. The
    region counts for a crop only: an image item shows its whole picture, and a region on
    it only locates something in that picture.
    """
    box = [] if region is None or kind != "crop" else [str(math.floor(v * MILLION + 0.5)) for v in region]
    parts = [kind, note_id, str(len(image_ids)), *image_ids, ",".join(box), text or ""]
    serialized = "".join(f"{len(part)}:{part}" for part in parts)
    return hashlib.sha256(serialized.encode()).hexdigest()[:32]


def full_text(title: str | None, body: str | None) -> str:
    """Title, line break, body: the text in which character positions of a passage count."""
    return f"{title or ''}\n{body or ''}"
