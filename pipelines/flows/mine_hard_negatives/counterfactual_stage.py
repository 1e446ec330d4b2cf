"""Step: rule-made negatives (-> COUNTERFACTUALS), and the items that they add to those that are encoded."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.negatives.counterfactuals import CounterfactualSettings, counterfactuals
from pipelines.workspace.arrow_stages import ArrowOutput
from schemas.datasets import ITEMS


class CounterfactualTables(NamedTuple):
    """The tables that rule-made negatives are made of; ANNOTATIONS may have no rows."""

    positives: pa.Table
    notes: pa.Table
    images: pa.Table
    picture_pairs: pa.Table
    annotations: pa.Table


def counterfactual_rows(tables: CounterfactualTables, settings: CounterfactualSettings) -> ArrowOutput:
    """Make COUNTERFACTUALS of the positives and their notes."""
    positives, texts = with_source_pictures(tables.positives, tables.annotations), ocr_texts(tables.annotations)
    result = counterfactuals(positives, tables.notes, tables.images, tables.picture_pairs, settings, texts)
    return ArrowOutput(parts=[result.rows], dropped=result.counts)


def ocr_texts(annotations: pa.Table) -> Mapping[str, str]:
    """image_id -> the text that OCR read in it."""
    rows = annotations.select(["image_id", "kind", "text"])
    ocr = rows.filter(pc.and_(pc.equal(rows.column("kind"), "ocr"), pc.is_valid(rows.column("text"))))
    return dict(zip(ocr.column("image_id").to_pylist(), ocr.column("text").to_pylist(), strict=True))


def with_counterfactuals(items: pa.Table, counterfactuals: pa.Table, encode: bool) -> tuple[pa.Table, int]:
    """Append the rule-made items to ITEMS.

    Args:
        items: ITEMS.
        counterfactuals: COUNTERFACTUALS; those that are items already are not added.
        encode: whether rule-made items are encoded; if not, none is added.

    Returns:
        ITEMS, and the number of rows that are searched: those before the added ones.
    """
    if not encode or not len(counterfactuals):
        return items, len(items)
    item_ids = pc.struct_field(items.column("item"), "item_id").combine_chunks()
    split = dict(zip(item_ids.to_pylist(), items.column("split").to_pylist(), strict=True))
    new: dict[str, Any] = {item["item_id"]: item for item in counterfactuals.column("item").to_pylist()}
    new_ids = pc.struct_field(counterfactuals.column("item"), "item_id").to_pylist()
    query_of = dict(zip(counterfactuals.column("query_id").to_pylist(), new_ids, strict=True))
    new_split = {name: split[query] for query, name in query_of.items()}
    rows = [{"item": new[name], "split": new_split[name]} for name in sorted(new) if name not in split and name in new_split]
    return pa.concat_tables([items, pa.Table.from_pylist(rows, ITEMS.columns)]), len(items)


def with_source_pictures(positives: pa.Table, annotations: pa.Table) -> pa.Table:
    """POSITIVES in which a text that was read or described in a picture names it, so that the picture is removed with the text.

    The item itself names no picture, so that an encoder cannot see it; ids stay as they are.
    """
    sources: dict[tuple[str, str], list[str]] = {}
    for row in annotations.select(["note_id", "image_id", "text"]).to_pylist():
        if row["text"] is not None:
            sources.setdefault((row["note_id"], row["text"]), []).append(row["image_id"])
    if not sources:
        return positives
    queries = positives.column("query").to_pylist()
    for query in queries:
        if query["kind"] in ("ocr", "text") and not query["image_ids"]:
            query["image_ids"] = sources.get((query["note_id"], query["text"]), [])
    at = positives.schema.get_field_index("query")
    return positives.set_column(at, positives.schema.field(at), pa.array(queries, positives.schema.field(at).type))
