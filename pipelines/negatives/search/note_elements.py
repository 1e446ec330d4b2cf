"""Rows to encode: every item, and the elements by which each note is searched."""

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pipelines.items.note_text import with_ocr
from pipelines.items.rows_to_encode import CHUNK
from pipelines.media.picture_uri import absolute_uri
from schemas.item import UNDESCRIBED, Kind, item_id

Numbers = NDArray[np.int64]
Row = dict[str, Any]
ORDER = [("note_id", "ascending"), ("item_id", "ascending")]


class RowsToEncode(NamedTuple):
    """All rows to encode, and where the items and the notes' elements are among them."""

    rows: pa.Table
    """CHUNK, distinct, sorted by note_id and item_id: those of a note are contiguous."""
    items: Numbers
    """[items] the row of each item."""
    elements: Numbers
    """[m] rows; those of a note are contiguous."""
    starts: Numbers
    """[items + 1] where the elements of each item begin; an item that is not a note has none."""


def rows_to_encode(items: pa.Table, images: pa.Table, ocr_texts: Mapping[str, str]) -> RowsToEncode:
    """List items and elements as rows to encode.

    A note is read with the OCR text of its pictures. Its elements (method.md, section 4.2: MaxSim) are its pictures, the
    text in each, its title and its body; and, ours, the note as a whole, which is most similar to other whole notes. Elements
    have the ids of items, so that a picture that is also an item is encoded once.

    Args:
        items: ITEMS.
        images: IMAGES.
        ocr_texts: image_id -> the text that OCR read in it, if pictures were annotated.

    Cost: one pass in Python, about 20 us an element; memory of the items and their elements.
    """
    files = {row["image_id"]: row for row in images.select(["image_id", "uri", "sha256"]).to_pylist()}
    whole = items.column("item").to_pylist()
    rows: dict[str, Row] = {}
    members: list[list[str]] = []
    for item in whole:
        rows.setdefault(item["item_id"], _row(item, files, ocr_texts))
        parts = list(_elements(item, ocr_texts)) if item["kind"] == "note" else []
        for part in parts:
            rows.setdefault(part["item_id"], _row(part, files, ocr_texts))
        members.append(list(dict.fromkeys([*(part["item_id"] for part in parts), item["item_id"]] if parts else [])))
    table = pa.Table.from_pylist(list(rows.values()), CHUNK).sort_by(ORDER)
    at = {name: row for row, name in enumerate(table.column("item_id").to_pylist())}
    return RowsToEncode(
        table,
        np.array([at[item["item_id"]] for item in whole], np.int64),
        np.array([at[name] for names in members for name in names], np.int64),
        np.concatenate([[0], np.cumsum([len(names) for names in members])]).astype(np.int64),
    )


def items_as_read(items: pa.Table, rows: RowsToEncode) -> pa.Table:
    """ITEMS whose notes have the text that an encoder reads; items: the first of those that the rows are of."""
    item = items.column("item").combine_chunks()
    text = rows.rows.column("text").take(pa.array(rows.items[: len(items)])).combine_chunks()
    fields = [text if field.name == "text" else pc.struct_field(item, field.name) for field in item.type]
    whole = pa.StructArray.from_arrays(fields, fields=list(item.type))
    return items.set_column(items.schema.get_field_index("item"), items.schema.field("item"), whole)


def chunks(rows: pa.Table, items: int, pictures: int) -> Iterator[pa.Table]:
    """Split the rows into pieces of at most so many items and pictures; a note with more is a piece of its own.

    The pieces depend on the rows alone. Notes stay whole, so that their pictures are read once.
    """
    notes = rows.column("note_id").to_pylist()
    costs = [len(uris) for uris in rows.column("uris").to_pylist()]
    begin, note_begin, total = 0, 0, 0
    for end, cost in enumerate(costs):
        if end and notes[end] != notes[end - 1]:
            note_begin = end
        total += cost
        if (end + 1 - begin > items or total > pictures) and note_begin > begin:
            yield rows.slice(begin, note_begin - begin)
            begin, total = note_begin, sum(costs[note_begin : end + 1])
    if begin < len(rows):
        yield rows.slice(begin)


def _elements(note: Row, ocr_texts: Mapping[str, str]) -> Iterator[Row]:
    title, _, body = (note["text"] or "").partition("\n")
    for image_id in note["image_ids"]:
        yield _element("image", note["note_id"], [image_id])
        if ocr_texts.get(image_id, "").strip():
            yield _element("ocr", note["note_id"], text=ocr_texts[image_id])
    for words in (title, body.removesuffix(UNDESCRIBED)):
        if words.strip():
            yield _element("text", note["note_id"], text=words)


def _element(kind: Kind, note_id: str, image_ids: list[str] | None = None, text: str | None = None) -> Row:
    name = item_id(kind, note_id, image_ids or [], text=text)
    return {"item_id": name, "kind": kind, "note_id": note_id, "image_ids": image_ids or [], "region": None, "text": text}


def _row(item: Row, files: Mapping[str, Row], ocr_texts: Mapping[str, str]) -> Row:
    pictures = [files[image_id] for image_id in item["image_ids"] if image_id in files]
    own = item["text"] or ""
    text = with_ocr(own, item["image_ids"], ocr_texts) if item["kind"] == "note" else item["text"]
    content = "".join(file["sha256"] for file in pictures) + (text or "").removeprefix(own)
    digest = hashlib.sha256(content.encode()).hexdigest()[:16] if pictures else ""
    uris = [absolute_uri(file["uri"]) for file in pictures]
    same = {name: item[name] for name in ("item_id", "note_id", "kind", "region")}
    return same | {"text": text, "uris": uris, "pictures": digest}
