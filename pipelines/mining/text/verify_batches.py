"""Arrow batches of candidate pairs -> the passages that alignment confirms. No engine."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import Any

import pyarrow as pa

from pipelines.mining.text.local_alignment import EqualRun, alignments
from pipelines.mining.text.prepared_text import PreparedText, prepared_text, run_indices
from pipelines.mining.text.settings import PartialText

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
    ]
)
"""Positions count code points of the original texts; `shared_chars` counts folded characters."""

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


def shared_passage(a: PreparedText, b: PreparedText, seeds: Iterable[tuple[int, int]], settings: PartialText) -> list[EqualRun]:
    """The aligned runs of the longest shared passage outside boilerplate; none if it is too short.

    A passage long enough to be a copy counts even if it is boilerplate. Two different numbers at one place
    end a passage: such a text is a form that two people filled in.
    """
    best: list[EqualRun] = []
    best_rank = (False, 0)
    extended = alignments(
        a.text, b.text, seeds, edit_cost=settings.edit_cost, drop=settings.score_drop, max_extensions=settings.max_extensions
    )
    for piece in (piece for runs in extended for piece in _cut_at_numbers(a, b, runs)):
        own = _outside_boilerplate(a, b, piece)
        own_width = _width(a, b, own, settings.edit_penalty, only_own=True)
        width = _width(a, b, piece, settings.edit_penalty, only_own=False)
        is_own = own_width >= settings.min_shared_chars
        if not is_own and width < settings.min_copied_chars:
            continue
        rank = (is_own, own_width if is_own else width)
        if rank > best_rank:
            best, best_rank = own if is_own else piece, rank
    return best


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


def _outside_boilerplate(a: PreparedText, b: PreparedText, runs: Sequence[EqualRun]) -> list[EqualRun]:
    """The runs from the first character that is boilerplate in neither text to the last, each without its boilerplate ends."""
    i, j = run_indices(runs)
    own = i[a.own[i] & b.own[j]]
    if not len(own):
        return []
    begin, end = int(own[0]), int(own[-1]) + 1
    cut = [(r, max(r.i, begin), min(r.i + r.length, end)) for r in runs]
    return [EqualRun(low, r.j + low - r.i, high - low) for r, low, high in cut if low < high]


def _width(a: PreparedText, b: PreparedText, runs: Sequence[EqualRun], edit_penalty: int, *, only_own: bool) -> int:
    """Shared columns, less the penalty of the edits between the runs."""
    i, j = run_indices(runs)
    shared = int(a.width[i[a.own[i] & b.own[j]] if only_own else i].sum())
    edits = sum(max(y.i - x.i, y.j - x.j) - x.length for x, y in pairwise(runs))
    return shared - edit_penalty * edits


def _side(original: str, common: tuple[int, ...], settings: PartialText) -> PreparedText:
    return prepared_text(original, common, settings.gram_columns, settings.gram_window - 1)


def _row(pair: dict[str, Any], settings: PartialText, cached: Callable[..., PreparedText]) -> dict[str, Any] | None:
    texts = [(pair[f"{side}_text"], tuple(pair[f"{side}_common"] or ())) for side in ("query", "target")]
    a, b = ((cached if len(text) <= MAX_CACHED_CHARACTERS else _side)(text, common, settings) for text, common in texts)
    runs = shared_passage(a, b, [(s["query_at"], s["target_at"]) for s in pair["seeds"]], settings)
    if not runs:
        return None
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
    }
