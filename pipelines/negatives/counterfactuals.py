"""Rule-made (counterfactual) negatives: the note without the part that is its query (method.md, section 4.3).

They are as close as a negative can be, and false as soon as the note still has the part in
another form. So every copy of the part is removed with it, or there is no negative.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, NamedTuple

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

PART_NOT_FOUND = "part_not_found: the part is not in its note"
PASSAGE_REMAINS = "passage_remains: most of the passage is still in the note"
EMPTY_NOTE = "empty_note: nothing is left of the note"
SAME_AS_POSITIVE = "same_as_positive: the positive has no more content than the note without the part"

Item = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class CounterfactualSettings:
    """Settings of `counterfactuals`."""

    RENAMED: ClassVar[Mapping[str, str]] = {"max_standing": "max_ngram_overlap"}
    max_ngram_overlap: Annotated[float, Field(gt=0, le=1)] = 0.4
    """Share of a passage's n-grams from which the rest of the note, or the text of a picture, still contains the passage.
    As guard.max_ngram_overlap: a passage with 8 % of its letters retyped keeps about half."""


class WholeNote(NamedTuple):
    """All pictures and texts of a note."""

    image_ids: list[str]
    """Its readable pictures, in order."""
    text: str
    """Title, line break, body."""


@dataclass(frozen=True, slots=True)
class CounterfactualRows:
    """Rule-made negatives, and counts of the pairs without one."""

    rows: pa.Table
    """COUNTERFACTUALS, sorted by its key."""
    counts: dict[str, int]
    """Pairs without a negative, by reason."""


def counterfactuals(
    positives: pa.Table,
    notes: pa.Table,
    images: pa.Table,
    picture_pairs: pa.Table,
    settings: CounterfactualSettings,
    ocr_texts: Mapping[str, str] | None = None,
) -> CounterfactualRows:
    """Make the note without the part, for every pair of a part and its note.

    A picture is removed with all pictures of its family (`image_families.families`). A passage is removed from the text
    wherever it occurs verbatim, and with `ocr_texts` the pictures that show it are removed too. A passage that
    names a picture (OCR, a description) is removed with that picture.

    Args:
        positives: POSITIVES; only parts of the target's own note count.
        notes: NOTES, or its columns note_id, title and body.
        images: IMAGES, or its columns image_id, note_id, position and sha256.
        picture_pairs: PICTURE_PAIRS.
        settings: how much of a passage may be left.
        ocr_texts: image_id -> the text that OCR read in that picture, if pictures were annotated.

    Cost: linear in the pairs, in plain Python, about 50 microseconds a pair.
    """
    family, whole = image_families(images, picture_pairs), _whole(notes, images)
    rows: dict[tuple[str, str], dict[str, Any]] = {}
    dropped: Counter[str] = Counter({reason: 0 for reason in (PART_NOT_FOUND, PASSAGE_REMAINS, EMPTY_NOTE, SAME_AS_POSITIVE)})
    for task, query, target in _part_note_pairs(positives):
        key = (query["item_id"], target["item_id"])
        if key in rows:
            continue
        note = whole.get(query["note_id"])
        out = _without(query, note, family, ocr_texts or {}, settings) if note else PART_NOT_FOUND
        if not isinstance(out, str) and note and _adds_nothing(target, out):
            out = SAME_AS_POSITIVE
        if isinstance(out, str) or not note:
            dropped[str(out)] += 1
            continue
        rows[key] = {
            "query_id": key[0],
            "positive_id": key[1],
            "task": task,
            "item": _item(query["note_id"], out),
            "images_out": [i for i in note.image_ids if i not in out.image_ids],
            "chars_out": len(note.text) - len(out.text),
        }
    table = pa.Table.from_pylist([rows[key] for key in sorted(rows)], COUNTERFACTUALS.columns)
    return CounterfactualRows(table, dict(dropped))


def _without(
    query: Item, note: WholeNote, family: Mapping[str, int], ocr_texts: Mapping[str, str], settings: CounterfactualSettings
) -> WholeNote | str:
    """The note without the part, or why there is no such note."""
    removed = {family[i] for i in query["image_ids"] if i in family}
    passage = query["text"] if query["kind"] in PASSAGES else None
    left = [i for i in note.image_ids if family.get(i) not in removed and i not in query["image_ids"]]
    text = note.text
    if passage:
        left = [i for i in left if containment(passage, ocr_texts.get(i, "")) < settings.max_ngram_overlap]
        text = without(passage, text)
        if containment(passage, text) >= settings.max_ngram_overlap:
            return PASSAGE_REMAINS
    if len(left) == len(note.image_ids) and len(text) == len(note.text):
        return PART_NOT_FOUND
    if not left and not fold(text).letters:
        return EMPTY_NOTE
    return WholeNote(left, text)


def _adds_nothing(target: Item, out: WholeNote) -> bool:
    """Whether the positive has nothing that the negative lacks, apart from marks for pictures without a description."""
    letters = fold((target["text"] or "").replace(UNDESCRIBED, "")).letters
    return set(target["image_ids"]) <= set(out.image_ids) and letters in fold(out.text).letters


def _item(note_id: str, note: WholeNote) -> Item:
    return {
        "item_id": item_id("note", note_id, note.image_ids, text=note.text),
        "kind": "note",
        "note_id": note_id,
        "image_ids": note.image_ids,
        "region": None,
        "text": note.text,
    }


def _part_note_pairs(positives: pa.Table) -> Iterator[tuple[str, Item, Item]]:
    """Task, query and target of the pairs of a part and its own note."""
    of_note = pc.equal(
        pc.struct_field(positives.column("query"), "note_id"), pc.struct_field(positives.column("target"), "note_id")
    )
    eligible = pc.and_(pc.is_in(positives.column("task"), value_set=pa.array(TASKS)), of_note)
    for batch in positives.filter(eligible).select(["task", "query", "target"]).to_batches(max_chunksize=4096):
        for row in batch.to_pylist():
            yield row["task"], row["query"], row["target"]


def _whole(notes: pa.Table, images: pa.Table) -> dict[str, WholeNote]:
    """Every note as `pipelines.items.spark_columns.note_items` has it."""
    ordered = images.sort_by([(name, "ascending") for name in ("note_id", "position", "image_id")])
    image_ids: dict[str, list[str]] = {}
    for note_id, image_id in zip(ordered.column("note_id").to_pylist(), ordered.column("image_id").to_pylist(), strict=True):
        image_ids.setdefault(note_id, []).append(image_id)
    columns = (notes.column(name).to_pylist() for name in ("note_id", "title", "body"))
    return {n: WholeNote(image_ids.get(n, []), full_text(title, body)) for n, title, body in zip(*columns, strict=True)}
