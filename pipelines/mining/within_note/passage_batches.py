"""Arrow batches of notes' texts -> the sentences that may be a query. No engine."""

import hashlib
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipelines.media.boilerplate import boilerplate, tags
from pipelines.media.repetition import repeated
from pipelines.media.sentences import sentence_spans
from pipelines.media.text_fold import FoldedText, fold
from pipelines.mining.within_note.settings import WithinNote

PASSAGES = pa.schema(
    [
        ("note_id", pa.string()),
        ("passage", pa.string()),
        ("start", pa.int32()),
        ("end", pa.int32()),
        ("folded", pa.binary()),
    ]
)
"""`start`, `end`: in code points of the note's text; `folded`: a digest of the passage's folded letters."""


class QueryPassage(NamedTuple):
    """A sentence of a text, and the digest of its folded letters."""

    start: int
    end: int
    folded: bytes


def passages(batches: Iterable[pa.RecordBatch], settings: WithinNote) -> Iterator[pa.RecordBatch]:
    """PASSAGES of note_id, text."""
    for batch in batches:
        rows = [
            {"note_id": note_id, "passage": text[p.start : p.end], "start": p.start, "end": p.end, "folded": p.folded}
            for note_id, text in zip(batch["note_id"].to_pylist(), batch["text"].to_pylist(), strict=True)
            for p in query_passages(text, settings)
        ]
        yield pa.RecordBatch.from_pylist(rows, schema=PASSAGES)


def query_passages(text: str, settings: WithinNote) -> list[QueryPassage]:
    """The sentences of a text that say enough to be a query, each once.

    What counts are folded letters outside boilerplate by form, a number as one: a line of "====", of emoji, of hashtags or
    of telephone numbers has none or few. A link is never cut, neither at a mark in it nor at the length limit.

    Cost: linear in the text.
    """
    folded = fold(text)
    counted = np.concatenate([[0], np.cumsum(_counted_letters(text, folded))])
    uncut = tags(text)
    found: dict[bytes, QueryPassage] = {}
    for begin, sentence_end in sentence_spans(text, uncut):
        end = _cut(text, begin, sentence_end, uncut, settings.max_passage_chars)
        low, high = bisect_left(folded.at, begin), bisect_left(folded.at, end)
        if counted[high] - counted[low] >= settings.min_passage_chars:
            digest = hashlib.sha256(folded.letters[low:high].encode("utf-8", "surrogatepass")).digest()[:16]
            found.setdefault(digest, QueryPassage(begin, end, digest))
    return list(found.values())


def _counted_letters(text: str, folded: FoldedText) -> NDArray[np.bool_]:
    """Whether each letter is outside boilerplate and repetition, and no further digit of a number."""
    letters = folded.letters
    codes = np.frombuffer(letters.encode("utf-32-le", "surrogatepass"), np.uint32)
    counts = ~repeated(codes, np.array([0, len(codes)]))
    for begin, end in boilerplate(text):
        counts[bisect_left(folded.at, begin) : bisect_left(folded.at, end)] = False
    for place in range(1, len(letters)):
        if letters[place].isdigit() and letters[place - 1].isdigit():
            counts[place] = False
    return counts


def _cut(text: str, begin: int, end: int, uncut: list[tuple[int, int]], max_chars: int) -> int:
    """The end of a passage of at most so many characters, before the link that a cut there would divide."""
    limit = begin + max_chars
    if end <= limit:
        return end
    limit = next((first for first, last in uncut if first < limit < last), limit)
    return begin + len(text[begin:limit].rstrip())
