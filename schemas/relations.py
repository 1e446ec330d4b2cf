"""Relations of notes beside the positives: variants, and what keeps two notes in one split."""

import pyarrow as pa

from schemas.datasets import PAIRS
from schemas.table import Table, column

VARIANT = "variant"
"""The granularity of VARIANTS, the relation of two files, and the reason of a tie."""

VARIANTS = Table(
    name="variants",
    grain="two pictures of two notes with one layout, view or product and other content: neither a positive nor a negative",
    key=("pair_id",),
    made_by="jobs/mine_pairs.py",
    columns=PAIRS.columns,
)
"""granularity is VARIANT, task "image_to_image"."""

NOTE_TIES = Table(
    name="note_ties",
    grain="two notes and a reason to keep them in one split; note_id_l < note_id_r",
    key=("note_id_l", "note_id_r", "reason"),
    made_by="jobs/mine_pairs.py",
    columns=pa.schema(
        [
            column("note_id_l", pa.string(), "one note", required=True),
            column("note_id_r", pa.string(), "the other", required=True),
            column("reason", pa.string(), "near_duplicate_image, crop, partial_text, text_tie or variant", required=True),
            column(
                "weight",
                pa.float64(),
                "highest score or containment, 0 to 1; if weak, by the notes that a picture reaches",
                required=True,
            ),
            column("is_weak", pa.bool_(), "a variant, or a picture related to many notes: may be cut", required=True),
        ]
    ),
)
