"""Positives that annotations give: a picture, the words in it or about it, and the note that shows it."""

import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, NamedTuple

import pyarrow as pa
from pydantic import Field

from pipelines.annotate.annotation import AnnotationKind
from pipelines.annotate.caption_describer import OWN_WORDS
from pipelines.items.arrow_rows import Row, item_row, note_rows, pair_row
from pipelines.media.text_fold import letters
from schemas.datasets import PAIRS
from schemas.item import Kind

TASKS: dict[AnnotationKind, tuple[str, str, str]] = {
    "ocr": ("image_to_ocr", "ocr_to_image", "ocr_to_note"),
    "description": ("image_to_text", "text_to_image", "text_to_note"),
}
"""Picture to text, text to picture, text to note (method.md, section 1)."""
ITEM_KIND: dict[AnnotationKind, Kind] = {"ocr": "ocr", "description": "text"}

SHORT = "texts too short to be a query"
SPREAD = "texts that pictures of too many notes have"
UNKNOWN = "pictures of notes that are not kept"
NOTHING_LEFT = "notes that are empty without their own words"
AGAIN = "texts that another picture of the note has too"


@dataclass(frozen=True, slots=True, kw_only=True)
class AnnotationPairs:
    """Settings of `annotation_pairs` and `with_descriptions`."""

    min_columns: Annotated[int, Field(ge=1)] = 8
    """Letters and digits that a text must have to be a query, a Chinese one counting 2 (as in text/normalise.py): 4
    Chinese characters. A shorter one (a price, a size, a brand's mark) says too little to find its picture by."""
    max_notes_per_text: Annotated[int, Field(ge=1)] = 3
    """A text that pictures of more notes have is a watermark or a form; within_note draws the line there for sentences."""


class Paired(NamedTuple):
    """Pairs, and what became of the rest."""

    rows: pa.Table
    """PAIRS, sorted by its key."""
    dropped: dict[str, int]
    """Pairs by the reason why they were not made; three for each annotation that is not used.
    Three times the annotations = rows + dropped."""


def annotation_pairs(
    annotations: pa.Table, notes: pa.Table, images: pa.Table, kind: AnnotationKind, settings: AnnotationPairs
) -> Paired:
    """PAIRS of one kind's annotations: picture to text, text to picture, text to note, granularity within_note.

    The text is an item without pictures: an encoder that is given it sees the words and nothing else. The picture that it
    was read in is the other item of its image_to_ocr (image_to_text) pair. The score is the annotator's confidence, 1 where
    it gives none. A description in the note's own words says so by evidence.containment = 1, and in its text_to_note pair
    those words are taken out of the note once, or string comparison would answer it. Near copies of a picture in its note are
    right answers of their own, as in within_note.

    Args:
        annotations: ANNOTATIONS; rows of the other kind are ignored. Of one annotator: two would give two texts a picture.
        notes: NOTES, or note_id, title and body.
        images: IMAGES.
        kind: ocr or description.
        settings: which texts are queries.

    Cost: one pass; memory of all annotations of the kind and of the notes that they are of: give large corpora in
    parts, whole notes each (`max_notes_per_text` then counts within a part).
    """
    asked = [row for row in annotations.to_pylist() if row["kind"] == kind]
    whole = note_rows(notes, images, {row["note_id"] for row in asked})
    many = _widespread(asked, settings.max_notes_per_text)
    made: dict[str, Row] = {}
    dropped: Counter[str] = Counter()
    for row in asked:
        reason = _unusable(row, whole, many, settings)
        if reason is not None:
            dropped[reason] += len(TASKS[kind])
            continue
        for found in _three(row, whole[row["note_id"]], kind):
            if found is None:
                dropped[NOTHING_LEFT] += 1
            elif found["pair_id"] in made:
                dropped[AGAIN] += 1
            else:
                made[found["pair_id"]] = found
    rows = sorted(made.values(), key=lambda pair: tuple(pair[name] for name in PAIRS.key))
    return Paired(pa.Table.from_pylist(rows, PAIRS.columns), dict(sorted(dropped.items())))


def text_columns(text: str) -> int:
    """How wide the letters and digits of a text are: 2 for a Chinese, Japanese or Korean one, 1 for another.

    >>> text_columns("小火焖 8 min!"), text_columns("……")
    (10, 0)
    """
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text if c.isalnum())


def _three(row: Row, note: Row, kind: AnnotationKind) -> Iterator[Row | None]:
    """The pairs of a picture, its text and its note; None for the one that would have an empty note."""
    image = item_row("image", row["note_id"], [row["image_id"]])
    text = item_row(ITEM_KIND[kind], row["note_id"], text=row["text"])
    own = row["model"] in OWN_WORDS
    score, evidence = 1.0 if row["confidence"] is None else row["confidence"], {"containment": 1.0} if own else {}
    to_text, to_image, to_note = TASKS[kind]
    yield pair_row("within_note", to_text, image, text, score, evidence)
    yield pair_row("within_note", to_image, text, image, score, evidence)
    target = _without(note, row["text"]) if own else note
    empty = not target["image_ids"] and not target["text"].strip()
    yield None if empty else pair_row("within_note", to_note, text, target, score, evidence)


def _without(note: Row, words: str) -> Row:
    return item_row("note", note["note_id"], note["image_ids"], note["text"].replace(words, "", 1))


def _unusable(row: Row, whole: Mapping[str, Row], many: set[str], settings: AnnotationPairs) -> str | None:
    """Why an annotation gives no pair."""
    if row["note_id"] not in whole:
        return UNKNOWN
    if row["text"] is None:
        return str(row["reason"] or "no reason given")
    if text_columns(row["text"]) < settings.min_columns:
        return SHORT
    return SPREAD if letters(row["text"]) in many else None


def _widespread(rows: list[Row], most: int) -> set[str]:
    """Folded texts that pictures of more than `most` notes have."""
    notes: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        if row["text"] is not None:
            notes[letters(row["text"])].add(row["note_id"])
    return {text for text, ids in notes.items() if len(ids) > most}
