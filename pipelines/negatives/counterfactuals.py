"""Rule-made (counterfactual) negatives: the note without the part that asks for it (method.md, section 4.3).

As close as a negative can be, and a false one as soon as the part is left in the note in
another shape. So every copy of the part leaves with it, or there is no negative.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field

from pipelines.media.image_families import image_families
from pipelines.media.passage_match import containment, without
from pipelines.media.text_fold import fold
from pipelines.negatives.filters.text_overlap import PASSAGES
from schemas.datasets import COUNTERFACTUALS
from schemas.item import UNDESCRIBED, full_text, item_id

TASKS = ("image_to_note", "text_to_note", "ocr_to_note")
"""Part to note."""

NOT_FOUND = "rule: the part was not found in its note"
STILL_THERE = "rule: most of the passage still stands in the note"
NOTHING_LEFT = "rule: nothing is left of the note"
SAME_AS_POSITIVE = "rule: the positive shows no more than the note without the part"

Item = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """Settings of `counterfactuals`."""

    max_standing: Annotated[float, Field(gt=0, le=1)] = 0.4
    """Share of a passage's grams that may stand in what is left of the note, and in the text of a picture that stays.
    As the guard's: a passage retyped with 8 % of its letters changed keeps about half."""


class Note(NamedTuple):
    """A note whole."""

    image_ids: list[str]
    """Its readable pictures, in order."""
    text: str
    """Title, line break, body."""


@dataclass(frozen=True, slots=True)
class Made:
    """Rule-made negatives and why there are not more."""

    rows: pa.Table
    """COUNTERFACTUALS, sorted by its key."""
    counts: dict[str, int]
    """Pairs by reason that no negative was made for."""


def counterfactuals(
    positives: pa.Table,
    notes: pa.Table,
    images: pa.Table,
    picture_pairs: pa.Table,
    settings: Rule,
    read: Mapping[str, str] | None = None,
) -> Made:
    """The note without the part, for every pair of a part and its note.

    A picture leaves with all pictures of its family (`image_families`). A passage leaves the text
    wherever it stands verbatim, and with `read` the pictures that show it leave too. A passage that
    names a picture (OCR, a description) takes that picture along.

    Args:
        positives: POSITIVES; only parts of the target's own note count.
        notes: NOTES, or its columns note_id, title and body.
        images: IMAGES, or its columns image_id, note_id, position and sha256.
        picture_pairs: PICTURE_PAIRS.
        settings: how much of a passage may be left.
        read: image_id -> the text read in that picture, where pictures were read.

    Cost: linear in the pairs, in plain Python, about 50 microseconds a pair.
    """
    family, whole = image_families(images, picture_pairs), _whole(notes, images)
    rows: dict[tuple[str, str], dict[str, Any]] = {}
    refused: Counter[str] = Counter({reason: 0 for reason in (NOT_FOUND, STILL_THERE, NOTHING_LEFT, SAME_AS_POSITIVE)})
    for task, query, target in _parts(positives):
        key = (query["item_id"], target["item_id"])
        if key in rows:
            continue
        note = whole.get(query["note_id"])
        out = _without(query, note, family, read or {}, settings) if note else NOT_FOUND
        if not isinstance(out, str) and note and _shows_no_more(target, out):
            out = SAME_AS_POSITIVE
        if isinstance(out, str) or not note:
            refused[str(out)] += 1
            continue
        rows[key] = {
            "query_id": key[0],
            "positive_id": key[1],
            "task": task,
            "item": _item(query["note_id"], out),
            "images_out": [i for i in note.image_ids if i not in out.image_ids],
            "chars_out": len(note.text) - len(out.text),
        }
    made = pa.Table.from_pylist([rows[key] for key in sorted(rows)], COUNTERFACTUALS.columns)
    return Made(made, dict(refused))


def _without(query: Item, note: Note, family: Mapping[str, int], read: Mapping[str, str], settings: Rule) -> Note | str:
    """The note without the part, or why there is no such note."""
    gone = {family[i] for i in query["image_ids"] if i in family}
    passage = query["text"] if query["kind"] in PASSAGES else None
    left = [i for i in note.image_ids if family.get(i) not in gone and i not in query["image_ids"]]
    text = note.text
    if passage:
        left = [i for i in left if containment(passage, read.get(i, "")) < settings.max_standing]
        text = without(passage, text)
        if containment(passage, text) >= settings.max_standing:
            return STILL_THERE
    if len(left) == len(note.image_ids) and len(text) == len(note.text):
        return NOT_FOUND
    if not left and not fold(text).letters:
        return NOTHING_LEFT
    return Note(left, text)


def _shows_no_more(target: Item, out: Note) -> bool:
    """Whether the positive, its marks for pictures without a description aside, shows nothing that the negative does not."""
    shown = fold((target["text"] or "").replace(UNDESCRIBED, "")).letters
    return set(target["image_ids"]) <= set(out.image_ids) and shown in fold(out.text).letters


def _item(note_id: str, note: Note) -> Item:
    return {
        "item_id": item_id("note", note_id, note.image_ids, text=note.text),
        "kind": "note",
        "note_id": note_id,
        "image_ids": note.image_ids,
        "region": None,
        "text": note.text,
    }


def _parts(positives: pa.Table) -> Iterator[tuple[str, Item, Item]]:
    """Task, query and target of the pairs of a part and its own note."""
    of_note = pc.equal(
        pc.struct_field(positives.column("query"), "note_id"), pc.struct_field(positives.column("target"), "note_id")
    )
    asked = pc.and_(pc.is_in(positives.column("task"), value_set=pa.array(TASKS)), of_note)
    for batch in positives.filter(asked).select(["task", "query", "target"]).to_batches(max_chunksize=4096):
        for row in batch.to_pylist():
            yield row["task"], row["query"], row["target"]


def _whole(notes: pa.Table, images: pa.Table) -> dict[str, Note]:
    """Every note as `pipelines.items.spark_columns.note_items` shows it."""
    ordered = images.sort_by([(name, "ascending") for name in ("note_id", "position", "image_id")])
    shown: dict[str, list[str]] = {}
    for note_id, image_id in zip(ordered.column("note_id").to_pylist(), ordered.column("image_id").to_pylist(), strict=True):
        shown.setdefault(note_id, []).append(image_id)
    columns = (notes.column(name).to_pylist() for name in ("note_id", "title", "body"))
    return {n: Note(shown.get(n, []), full_text(title, body)) for n, title, body in zip(*columns, strict=True)}
