"""Finds two whole notes that share n-grams which few other notes have.

Mining ties notes by the passages that they share. What it misses (a sentence that several notes have in common, a passage
retyped too often) still makes a note a poor negative of the other. N-grams that many notes have mean nothing: a greeting,
the headings of a recipe.
"""

import zlib
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipelines.media.passage_match import NARROW_GRAM, WIDE_GRAM, grams
from pipelines.negatives.filters.compared_notes import Comparison
from pipelines.negatives.filters.settings import Guard
from schemas.item import full_text

BUCKETS = 1 << 22
"""Hash buckets of the document frequencies; n-grams in one bucket are counted together, so at worst a rare one counts as
common."""
MAX_COUNT = 255
SIZES = (WIDE_GRAM, NARROW_GRAM)


class NgramIndex(NamedTuple):
    """The texts of all notes, and how many notes have each n-gram."""

    texts: Mapping[str, str]
    """note_id -> title, line break, body."""
    document_counts: NDArray[np.uint8]
    """[BUCKETS] how many notes have an n-gram of the bucket, at most MAX_COUNT."""


def ngram_index(notes: pa.Table) -> NgramIndex:
    """Index NOTES (note_id, title, body). Cost: 0.3 ms a note, in plain Python."""
    columns = (notes.column(name).to_pylist() for name in ("note_id", "title", "body"))
    texts = {note: full_text(title, body) for note, title, body in zip(*columns, strict=True)}
    counts = np.zeros(BUCKETS, np.uint8)
    for text in texts.values():
        buckets = np.unique([_bucket(gram) for size in SIZES for gram in grams(text, size)]).astype(np.int64)
        counts[buckets] += counts[buckets] < MAX_COUNT
    return NgramIndex(texts, counts)


def shared_rare_ngrams(one: str, other: str, index: NgramIndex, max_df: int) -> int:
    """Number of n-grams that two texts share and that at most `max_df` notes have, in the n that gives more.

    A Chinese note may quote one English sentence: the script of most of its letters does not say which n-grams it shares.
    """
    common = (grams(one, size) & grams(other, size) for size in SIZES)
    return max(sum(index.document_counts[_bucket(gram)] <= max_df for gram in shared) for shared in common)


def shares_rare_ngrams(comparisons: Sequence[Comparison], index: NgramIndex, settings: Guard) -> list[bool]:
    """Whether each candidate's note shares enough rare n-grams with one of the notes that it is compared with.

    Cost: 20 us for each distinct pair of notes.
    """
    distinct = {(min(one, other), max(one, other)) for one, others in comparisons for other in others}
    texts = {pair: tuple(index.texts.get(note, "") for note in pair) for pair in distinct}
    least, max_df = settings.min_shared_ngrams, max_document_count(settings, len(index.texts))
    related = {pair for pair, (one, other) in texts.items() if shared_rare_ngrams(one, other, index, max_df) >= least}
    return [any((min(one, other), max(one, other)) in related for other in others) for one, others in comparisons]


def max_document_count(settings: Guard, notes: int) -> int:
    """The number of notes up to which an n-gram is rare in a corpus of `notes`."""
    return min(settings.max_ngram_df, max(2, int(settings.max_ngram_share * notes)))


def _bucket(gram: str) -> int:
    return zlib.crc32(gram.encode()) % BUCKETS
