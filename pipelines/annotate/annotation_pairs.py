"""Positives from annotations: pairs of a picture, the text in it or about it, and the note that has it."""

import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, NamedTuple

import pyarrow as pa
from pydantic import Field

from pipelines.annotate.annotation import AnnotationKind
from pipelines.annotate.caption_describer import NOTE_TEXT_MODELS
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
WIDESPREAD = "texts in pictures of too many notes"
NO_NOTE = "pictures of notes that were filtered out"
EMPTY_NOTE = "notes that are empty without the description"
DUPLICATE = "texts repeated in another picture of the note"


@dataclass(frozen=True, slots=True, kw_only=True)
class AnnotationPairs:
    """Settings of `annotation_pairs` and `insert_descriptions`."""

    min_columns: Annotated[int, Field(ge=1)] = 8
    """Least letters and digits of a text that is a query, Chinese characters counting 2 (as in text/normalise.py): 4 Chinese
    characters. A shorter text (a price, a size, a brand name) does not identify its picture."""
    max_notes_per_text: Annotated[int, Field(ge=1)] = 3
    """A text in pictures of more notes than this is a watermark or a form, and gives no pair; within_note has the same limit
    for sentences."""


class AnnotationPairRows(NamedTuple):
    """The pairs, and why the other annotations give none."""

    rows: pa.Table
    """PAIRS, sorted by its key."""
    dropped: dict[str, int]
    """Count of pairs that were not made, by reason; three for each annotation that is not used.
    Three times the annotations = rows + dropped."""


def annotation_pairs(
    annotations: pa.Table, notes: pa.Table, images: pa.Table, kind: AnnotationKind, settings: AnnotationPairs
) -> AnnotationPairRows:
    """PAIRS of one kind's annotations: picture to text, text to picture, text to note, granularity within_note.

    The text is an item without pictures: its encoder sees the words and nothing else. The picture that it was read in is the
    other item of its image_to_ocr (image_to_text) pair. The score is the annotator's confidence, 1 where it gives none. A
    description copied from the note's text has evidence.containment = 1, and in its text_to_note pair that text is removed
    from the note once, or string comparison would solve it. Near copies of a picture in its note are positives of their own,
    as in within_note.

    Args:
        annotations: ANNOTATIONS; rows of the other kind are ignored. From one annotator: two would give a picture two texts.
        notes: NOTES, or note_id, title and body.
        images: IMAGES.
        kind: ocr or description.
        settings: which texts are queries.

    Cost: one pass; memory of all annotations of the kind and of their notes: pass large corpora in parts of whole notes
    (`max_notes_per_text` then counts within a part).
    """
    annotated = [row for row in annotations.to_pylist() if row["kind"] == kind]
    note_by_id = note_rows(notes, images, {row["note_id"] for row in annotated})
    widespread = _widespread(annotated, settings.max_notes_per_text)
    pairs: dict[str, Row] = {}
    dropped: Counter[str] = Counter()
    for row in annotated:
        reason = _unusable(row, note_by_id, widespread, settings)
        if reason is not None:
            dropped[reason] += len(TASKS[kind])
            continue
        for pair in _pairs_of(row, note_by_id[row["note_id"]], kind):
            if pair is None:
                dropped[EMPTY_NOTE] += 1
            elif pair["pair_id"] in pairs:
                dropped[DUPLICATE] += 1
            else:
                pairs[pair["pair_id"]] = pair
    rows = sorted(pairs.values(), key=lambda pair: tuple(pair[name] for name in PAIRS.key))
    return AnnotationPairRows(pa.Table.from_pylist(rows, PAIRS.columns), dict(sorted(dropped.items())))


def text_columns(text: str) -> int:
    """Width of a text in columns: 2 for a Chinese, Japanese or Korean letter, 1 for another letter or digit.

    >>> text_columns("小火焖 8 min!"), text_columns("……")
    (10, 0)
    """
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text if c.isalnum())


def _pairs_of(row: Row, note: Row, kind: AnnotationKind) -> Iterator[Row | None]:
    """The three pairs of a picture, its text and its note; None for a pair with an empty note."""
    image = item_row("image", row["note_id"], [row["image_id"]])
    text = item_row(ITEM_KIND[kind], row["note_id"], text=row["text"])
    from_note = row["model"] in NOTE_TEXT_MODELS
    score, evidence = 1.0 if row["confidence"] is None else row["confidence"], {"containment": 1.0} if from_note else {}
    to_text, to_image, to_note = TASKS[kind]
    yield pair_row("within_note", to_text, image, text, score, evidence)
    yield pair_row("within_note", to_image, text, image, score, evidence)
    target = _without(note, row["text"]) if from_note else note
    empty = not target["image_ids"] and not target["text"].strip()
    yield None if empty else pair_row("within_note", to_note, text, target, score, evidence)


def _without(note: Row, words: str) -> Row:
    return item_row("note", note["note_id"], note["image_ids"], note["text"].replace(words, "", 1))


def _unusable(row: Row, note_by_id: Mapping[str, Row], widespread: set[str], settings: AnnotationPairs) -> str | None:
    """Why an annotation gives no pair; None if it gives some."""
    if row["note_id"] not in note_by_id:
        return NO_NOTE
    if row["text"] is None:
        return str(row["reason"] or "no reason given")
    if text_columns(row["text"]) < settings.min_columns:
        return SHORT
    return WIDESPREAD if letters(row["text"]) in widespread else None


def _widespread(rows: list[Row], most: int) -> set[str]:
    """Folded texts that pictures of more than `most` notes have."""
    notes: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        if row["text"] is not None:
            notes[letters(row["text"])].add(row["note_id"])
    return {text for text, ids in notes.items() if len(ids) > most}
