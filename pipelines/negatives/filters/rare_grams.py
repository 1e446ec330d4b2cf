"""Two whole notes that say the same, in words that few other notes have.

Mining ties notes by the passages that they share. What it misses (a sentence that several notes have in common, a passage
retyped too often) still makes a note a poor negative of the other. Grams that many notes have say nothing: a greeting,
the headings of a recipe.
"""

import zlib
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipelines.media.passage_match import NARROW_GRAM, WIDE_GRAM, grams
from pipelines.negatives.filters.compared_notes import Held
from pipelines.negatives.filters.false_negative_filter import Guard
from schemas.item import full_text

BUCKETS = 1 << 22
"""Of the counts of grams; two grams in one bucket count as one, so at worst a rare one passes for common."""
MOST = 255
SIZES = (WIDE_GRAM, NARROW_GRAM)


class Words(NamedTuple):
    """What all notes say."""

    texts: Mapping[str, str]
    """note_id -> title, line break, body."""
    notes_with: NDArray[np.uint8]
    """[BUCKETS] how many notes have a gram of the bucket, at most MOST."""


def words(notes: pa.Table) -> Words:
    """Of NOTES (note_id, title, body). Cost: 0.3 ms a note, in plain Python."""
    columns = (notes.column(name).to_pylist() for name in ("note_id", "title", "body"))
    texts = {note: full_text(title, body) for note, title, body in zip(*columns, strict=True)}
    notes_with = np.zeros(BUCKETS, np.uint8)
    for text in texts.values():
        buckets = np.unique([_bucket(gram) for size in SIZES for gram in grams(text, size)]).astype(np.int64)
        notes_with[buckets] += notes_with[buckets] < MOST
    return Words(texts, notes_with)


def shared(one: str, other: str, known: Words, familiar: int) -> int:
    """Grams that two texts share and that at most `familiar` notes have, in the size of the script that shares more.

    A Chinese note may quote one English sentence: what most of its letters are does not say which grams the two share.
    """
    both = (grams(one, size) & grams(other, size) for size in SIZES)
    return max(sum(known.notes_with[_bucket(gram)] <= familiar for gram in common) for common in both)


def retold(held: Sequence[Held], known: Words, settings: Guard) -> list[bool]:
    """Whether each candidate's note says what few others say, as one of the notes that it is held against does.

    Cost: 20 us for each distinct pair of notes.
    """
    distinct = {(min(one, other), max(one, other)) for one, others in held for other in others}
    texts = {both: tuple(known.texts.get(note, "") for note in both) for both in distinct}
    least, familiar = settings.min_shared_grams, settings.familiar_notes
    found = {both for both, (one, other) in texts.items() if shared(one, other, known, familiar) >= least}
    return [any((min(one, other), max(one, other)) in found for other in others) for one, others in held]


def _bucket(gram: str) -> int:
    return zlib.crc32(gram.encode()) % BUCKETS
