"""Step: rule-made negatives, and the items that they add to those that are encoded."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.negatives.counterfactuals import Rule, counterfactuals
from pipelines.workspace.arrow_stages import ArrowOutput
from schemas.datasets import ITEMS


class RuleTables(NamedTuple):
    """What rule-made negatives are made of; no ANNOTATIONS where there are none."""

    positives: pa.Table
    notes: pa.Table
    images: pa.Table
    picture_pairs: pa.Table
    annotations: pa.Table


def rule_made(tables: RuleTables, settings: Rule) -> ArrowOutput:
    """COUNTERFACTUALS of the positives and their notes."""
    positives, words = pictured(tables.positives, tables.annotations), read_words(tables.annotations)
    made = counterfactuals(positives, tables.notes, tables.images, tables.picture_pairs, settings, dict(words))
    return ArrowOutput(parts=[made.rows], dropped=made.counts)


def read_words(annotations: pa.Table) -> Mapping[str, str]:
    """image_id -> the words that OCR read in it."""
    rows = annotations.select(["image_id", "kind", "text"])
    ocr = rows.filter(pc.and_(pc.equal(rows.column("kind"), "ocr"), pc.is_valid(rows.column("text"))))
    return dict(zip(ocr.column("image_id").to_pylist(), ocr.column("text").to_pylist(), strict=True))


def with_rule_made(items: pa.Table, made: pa.Table, encoded: bool) -> tuple[pa.Table, int]:
    """ITEMS with the rule-made ones that are none of them, where they are encoded; and how many are searched."""
    if not encoded or not len(made):
        return items, len(items)
    known = pc.struct_field(items.column("item"), "item_id").combine_chunks()
    new: dict[str, Any] = {item["item_id"]: item for item in made.column("item").to_pylist()}
    split = dict(zip(known.to_pylist(), items.column("split").to_pylist(), strict=True))
    of = dict(
        zip((made.column("query_id")).to_pylist(), pc.struct_field(made.column("item"), "item_id").to_pylist(), strict=True)
    )
    placed = {name: split[query] for query, name in of.items()}
    rows = [{"item": new[name], "split": placed[name]} for name in sorted(new) if name not in split and name in placed]
    return pa.concat_tables([items, pa.Table.from_pylist(rows, ITEMS.columns)]), len(items)


def pictured(positives: pa.Table, annotations: pa.Table) -> pa.Table:
    """POSITIVES in which a text that was read or described in a picture names it: the note without the text is one without it.

    The item itself names no picture, so that an encoder that is given it cannot look; ids stay as they are.
    """
    places: dict[tuple[str, str], list[str]] = {}
    for row in annotations.select(["note_id", "image_id", "text"]).to_pylist():
        if row["text"] is not None:
            places.setdefault((row["note_id"], row["text"]), []).append(row["image_id"])
    if not places:
        return positives
    queries = positives.column("query").to_pylist()
    for query in queries:
        if query["kind"] in ("ocr", "text") and not query["image_ids"]:
            query["image_ids"] = places.get((query["note_id"], query["text"]), [])
    at = positives.schema.get_field_index("query")
    return positives.set_column(at, positives.schema.field(at), pa.array(queries, positives.schema.field(at).type))
