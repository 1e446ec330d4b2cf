"""Arrow batches of candidate pairs -> the passages that alignment confirms. No engine."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import Any, NamedTuple

import pyarrow as pa

from pipelines.mining.text.local_alignment import EqualRun, alignments
from pipelines.mining.text.prepared_text import PreparedText, prepared_text, run_indices
from pipelines.mining.text.settings import PartialText
from pipelines.mining.text.winnowing import Flags, Places

PASSAGES = pa.schema(
    [
        ("query_id", pa.string()),
        ("target_id", pa.string()),
        ("query_text", pa.string()),
        ("target_text", pa.string()),
        ("query_start", pa.int32()),
        ("query_end", pa.int32()),
        ("target_start", pa.int32()),
        ("target_end", pa.int32()),
        ("shared_chars", pa.int32()),
        ("containment", pa.float64()),
        ("is_tie", pa.bool_()),
    ]
)
"""Positions count code points of the original texts; `shared_chars` counts folded characters; `is_tie`: no passage, but most
of one of the texts is in the other, in words that many notes have."""

CACHED_TEXTS = 256
"""Prepared texts that are kept, since a note often has several candidates: some 300 MB at most."""
MAX_CACHED_CHARACTERS = 1 << 14
"""Longest text that is kept."""


def passages(batches: Iterable[pa.RecordBatch], settings: PartialText) -> Iterator[pa.RecordBatch]:
    """PASSAGES of candidate pairs: query_id, target_id, both texts, both lists of boilerplate grams, seeds."""
    cached = lru_cache(maxsize=CACHED_TEXTS)(_side)
    for batch in batches:
        rows = (_row(pair.as_py(), settings, cached) for pair in batch.to_struct_array())
        yield pa.RecordBatch.from_pylist([row for row in rows if row is not None], schema=PASSAGES)


class Passage(NamedTuple):
    """What two texts share: the aligned runs, and how it counts."""

    rank: int
    """3: wide enough outside boilerplate; 2: wide enough with a frequent phrase in it; 1: a long copy; 0: a tie only."""
    width: int
    """Columns shared, less the penalty of the edits."""
    runs: list[EqualRun]


def shared_passage(a: PreparedText, b: PreparedText, seeds: Iterable[tuple[int, int]], settings: PartialText) -> Passage | None:
    """The best shared passage; None if there is none.

    A passage counts by its columns outside boilerplate; with at least a gram of its own, the
    frequent phrases in it and beside it count too. One that many notes have in its whole width
    counts if it is most of the shorter text. Two different numbers at one place end a passage: such
    a text is a form that two people filled in.
    """
    best: Passage | None = None
    extended = alignments(
        a.text, b.text, seeds, edit_cost=settings.edit_cost, drop=settings.score_drop, max_extensions=settings.max_extensions
    )
    for piece in (piece for runs in extended for piece in _cut_at_numbers(a, b, runs)):
        passage = _passage(a, b, piece, settings)
        if passage is not None and (best is None or passage[:2] > best[:2]):
            best = passage
    return best


def _passage(a: PreparedText, b: PreparedText, runs: list[EqualRun], settings: PartialText) -> Passage | None:
    own, counted = _within(runs, a.own, b.own), _within(runs, a.counted, b.counted)
    own_width = _width(own, a.own, b.own, a.width, settings.edit_penalty)
    width = _width(counted, a.counted, b.counted, a.width, settings.edit_penalty)
    shorter = min(int(a.width.sum()), int(b.width.sum()))
    if own_width >= settings.min_shared_chars:
        return Passage(3, own_width, own)
    if width < settings.min_shared_chars:
        return None
    if own_width >= settings.gram_columns:
        return Passage(2, width, counted)
    if width < settings.min_containment * shorter:
        return None
    return Passage(1 if width >= settings.min_copied_chars else 0, width, counted)


def _cut_at_numbers(a: PreparedText, b: PreparedText, runs: Sequence[EqualRun]) -> list[list[EqualRun]]:
    """The alignment, cut where both texts have a number and neither is the other without some digits."""
    pieces: list[list[EqualRun]] = [list(runs[:1])]
    for before, after in pairwise(runs):
        left = a.numbers(before.i + before.length, after.i)
        right = b.numbers(before.j + before.length, after.j)
        if left and right and not (_is_within(left, right) or _is_within(right, left)):
            pieces.append([])
        pieces[-1].append(after)
    return pieces


def _is_within(digits: str, others: str) -> bool:
    rest = iter(others)
    return all(digit in rest for digit in digits)


def _within(runs: Sequence[EqualRun], counts_l: Flags, counts_r: Flags) -> list[EqualRun]:
    """The runs from the first to the last character that counts in both texts, without what does not at the ends."""
    i, j = run_indices(runs)
    places = i[counts_l[i] & counts_r[j]]
    if not len(places):
        return []
    begin, end = int(places[0]), int(places[-1]) + 1
    cut = [(r, max(r.i, begin), min(r.i + r.length, end)) for r in runs]
    return [EqualRun(low, r.j + low - r.i, high - low) for r, low, high in cut if low < high]


def _width(runs: Sequence[EqualRun], counts_l: Flags, counts_r: Flags, width: Places, edit_penalty: int) -> int:
    """Shared columns that count in both texts, less the penalty of the edits between the runs."""
    i, j = run_indices(runs)
    shared = int(width[i[counts_l[i] & counts_r[j]]].sum())
    edits = sum(max(y.i - x.i, y.j - x.j) - x.length for x, y in pairwise(runs))
    return shared - edit_penalty * edits


def _side(original: str, common: tuple[int, ...], settings: PartialText) -> PreparedText:
    return prepared_text(original, common, settings.gram_columns, settings.gram_window - 1)


def _row(pair: dict[str, Any], settings: PartialText, cached: Callable[..., PreparedText]) -> dict[str, Any] | None:
    texts = [(pair[f"{side}_text"], tuple(pair[f"{side}_common"] or ())) for side in ("query", "target")]
    a, b = ((cached if len(text) <= MAX_CACHED_CHARACTERS else _side)(text, common, settings) for text, common in texts)
    passage = shared_passage(a, b, [(s["query_at"], s["target_at"]) for s in pair["seeds"]], settings)
    if passage is None:
        return None
    runs = passage.runs
    shared = sum(r.length for r in runs)
    query_start, query_end = a.span(runs[0].i, runs[-1].i + runs[-1].length)
    target_start, target_end = b.span(runs[0].j, runs[-1].j + runs[-1].length)
    return {
        "query_id": pair["query_id"],
        "target_id": pair["target_id"],
        "query_text": a.original[query_start:query_end],
        "target_text": b.original[target_start:target_end],
        "query_start": query_start,
        "query_end": query_end,
        "target_start": target_start,
        "target_end": target_end,
        "shared_chars": shared,
        "containment": shared / min(len(a.text), len(b.text)),
        "is_tie": passage.rank == 0,
    }
