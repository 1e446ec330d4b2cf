"""Modal replacement: where within_note took a picture out of its note, its description comes in."""

from collections import Counter
from typing import NamedTuple

import pyarrow as pa

from pipelines.annotate.annotation_pairs import SHORT, AnnotationPairs, text_columns
from pipelines.annotate.caption_describer import OWN_WORDS
from pipelines.items.arrow_rows import Row, item_row, pair_id
from schemas.datasets import PAIRS
from schemas.item import UNDESCRIBED

UNDESCRIBED_STILL = "pictures without a description"
OWN = "pictures described in words that the note holds already"
SIDES = {"image_to_note": ("query", "target"), "note_to_image": ("target", "query")}
"""Of each task the side that shows the picture, and the side that is the note."""


class Replaced(NamedTuple):
    """Pairs with descriptions in them, and why some have none."""

    rows: pa.Table
    """As many rows as before, with the same columns, sorted by the key of PAIRS."""
    replaced: int
    """Pairs that have a description now."""
    left: dict[str, int]
    """Pairs that still say `UNDESCRIBED`, by reason."""


def with_descriptions(pairs: pa.Table, annotations: pa.Table, settings: AnnotationPairs) -> Replaced:
    """`N' = {desc_i} u N minus {I_i}` (method.md, section 1): pairs of a picture and its note without it.

    within_note chose the pictures and crops, took each out of its note with all of its near copies, and left
    `UNDESCRIBED` on the last line of the note's text. Here that line becomes the picture's description, and item and
    pair get the ids of what they are now. The pairs keep their number, columns and split; those whose picture has no
    description stay as they are.

    Args:
        pairs: PAIRS, or POSITIVES with a split.
        annotations: ANNOTATIONS; descriptions of one annotator.
        settings: a description too short to be a query is none.

    Cost: one pass; memory of the descriptions and of the pairs, so give whole pairs in parts.
    """
    said = {(a["note_id"], a["image_id"]): a for a in annotations.to_pylist() if a["kind"] == "description" and a["text"]}
    left: Counter[str] = Counter()
    replaced, rows = 0, pairs.to_pylist()
    for row in rows:
        part, whole = SIDES.get(row["task"], ("query", "target"))
        note = row[whole]
        if row["task"] not in SIDES or row["granularity"] != "within_note" or not _lacks(note, row[part]):
            continue
        found = said.get((note["note_id"], row[part]["image_ids"][0]))
        reason = _unusable(found, settings)
        if found is None or reason is not None:
            left[reason or UNDESCRIBED_STILL] += 1
            continue
        text = note["text"].removesuffix(UNDESCRIBED) + found["text"]
        row[whole] = item_row("note", note["note_id"], note["image_ids"], text)
        row["pair_id"] = pair_id(row["granularity"], row["task"], row["query"]["item_id"], row["target"]["item_id"])
        replaced += 1
    rows.sort(key=lambda row: tuple(row[name] for name in PAIRS.key))
    return Replaced(pa.Table.from_pylist(rows, pairs.schema), replaced, dict(sorted(left.items())))


def _lacks(note: Row, part: Row) -> bool:
    """Whether the picture was taken out; a person may have written the marker into a whole note."""
    return (note["text"] or "").endswith(f"\n{UNDESCRIBED}") and part["image_ids"][0] not in note["image_ids"]


def _unusable(found: Row | None, settings: AnnotationPairs) -> str | None:
    if found is None:
        return UNDESCRIBED_STILL
    if found["model"] in OWN_WORDS:
        return OWN
    return SHORT if text_columns(found["text"]) < settings.min_columns else None
