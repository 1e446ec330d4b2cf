"""Modal replacement: where within_note removed a picture from its note, insert the picture's description."""

from collections import Counter
from typing import NamedTuple

import pyarrow as pa

from pipelines.annotate.annotation_pairs import SHORT, AnnotationPairs, text_columns
from pipelines.annotate.caption_describer import NOTE_TEXT_MODELS
from pipelines.items.arrow_rows import Row, item_row, pair_id
from schemas.datasets import PAIRS
from schemas.item import UNDESCRIBED

NO_DESCRIPTION = "pictures without a description"
FROM_NOTE = "descriptions copied from the note's own text"
SIDES = {"image_to_note": ("query", "target"), "note_to_image": ("target", "query")}
"""By task: the side that is the picture, and the side that is the note."""


class ReplacementResult(NamedTuple):
    """Pairs with descriptions, and why some have none."""

    rows: pa.Table
    """The same number of rows, with the same columns, sorted by the key of PAIRS."""
    replaced: int
    """Count of pairs that got a description."""
    left: dict[str, int]
    """Count of pairs that still have `UNDESCRIBED`, by reason."""


def insert_descriptions(pairs: pa.Table, annotations: pa.Table, settings: AnnotationPairs) -> ReplacementResult:
    """`N' = {desc_i} u N minus {I_i}` (method.md, section 1): pairs of a picture and its note without it.

    within_note selected the pictures and crops, removed each from its note with all of its near copies, and left
    `UNDESCRIBED` as the last line of the note's text. Here that line becomes the picture's description, and item and
    pair get new ids. Number, columns and split of the pairs stay the same; pairs without a description are not changed.

    Args:
        pairs: PAIRS, or POSITIVES with a split.
        annotations: ANNOTATIONS; with descriptions from one annotator.
        settings: a description too short to be a query is not used.

    Cost: one pass; memory of the descriptions and of the pairs, so pass large tables in parts.
    """
    descriptions = {
        (a["note_id"], a["image_id"]): a for a in annotations.to_pylist() if a["kind"] == "description" and a["text"]
    }
    left: Counter[str] = Counter()
    replaced, rows = 0, pairs.to_pylist()
    for row in rows:
        part, whole = SIDES.get(row["task"], ("query", "target"))
        note = row[whole]
        if row["task"] not in SIDES or row["granularity"] != "within_note" or not _lacks(note, row[part]):
            continue
        description = descriptions.get((note["note_id"], row[part]["image_ids"][0]))
        reason = _unusable(description, settings)
        if description is None or reason is not None:
            left[reason or NO_DESCRIPTION] += 1
            continue
        text = note["text"].removesuffix(UNDESCRIBED) + description["text"]
        row[whole] = item_row("note", note["note_id"], note["image_ids"], text)
        row["pair_id"] = pair_id(row["granularity"], row["task"], row["query"]["item_id"], row["target"]["item_id"])
        replaced += 1
    rows.sort(key=lambda row: tuple(row[name] for name in PAIRS.key))
    return ReplacementResult(pa.Table.from_pylist(rows, pairs.schema), replaced, dict(sorted(left.items())))


def _lacks(note: Row, part: Row) -> bool:
    """Tells whether the picture was removed; the author may have typed the marker in a complete note."""
    return (note["text"] or "").endswith(f"\n{UNDESCRIBED}") and part["image_ids"][0] not in note["image_ids"]


def _unusable(description: Row | None, settings: AnnotationPairs) -> str | None:
    if description is None:
        return NO_DESCRIPTION
    if description["model"] in NOTE_TEXT_MODELS:
        return FROM_NOTE
    return SHORT if text_columns(description["text"]) < settings.min_columns else None
