"""Finds candidates that share text with the query or a positive, though no mined pair ties them to it."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipelines.media.passage_match import containment

PASSAGES = ("text", "ocr")
"""Kinds of items that are a passage: another item that contains it answers it."""

Numbers = NDArray[np.int64]


def has_shared_text(
    items: pa.Array, queries: Numbers, candidates: Numbers, positives: Sequence[Sequence[int]], max_overlap: float
) -> NDArray[np.bool_]:
    """Whether the candidate contains a passage of the query or a positive, or one of them contains the candidate's.

    Two notes are not compared: whether they share a passage is for mining to decide.

    Args:
        items: [items] ITEM.
        queries: [n] numbers of items.
        candidates: [n].
        positives: [n] the numbers of each row's positives.
        max_overlap: share of the passage's n-grams (`passage_match.containment`) from which a text contains it.

    Cost: one comparison of n-grams for each row and positive; each text is folded once.
    """
    used = np.unique(np.concatenate([queries, candidates, np.array([p for row in positives for p in row], np.int64)]))
    part = items.take(pa.array(used))
    kind_and_text = zip(part.field("kind").to_pylist(), part.field("text").to_pylist(), strict=True)
    item = dict(zip(used.tolist(), kind_and_text, strict=True))
    matches = np.zeros(len(queries), bool)
    for row, (query, candidate, mine) in enumerate(zip(queries.tolist(), candidates.tolist(), positives, strict=True)):
        matches[row] = any(_overlap(item[other], item[candidate], max_overlap) for other in (query, *mine))
    return matches


def grouped(owners: Numbers, members: Numbers) -> dict[int, list[int]]:
    """The members of each owner."""
    groups: dict[int, list[int]] = {}
    for owner, member in zip(owners.tolist(), members.tolist(), strict=True):
        groups.setdefault(owner, []).append(member)
    return groups


def _overlap(one: tuple[str, str | None], other: tuple[str, str | None], max_overlap: float) -> bool:
    (kind, text), (other_kind, other_text) = one, other
    if not text or not other_text or (kind not in PASSAGES and other_kind not in PASSAGES):
        return False
    if kind in PASSAGES and (other_kind not in PASSAGES or len(text) <= len(other_text)):
        return containment(text, other_text) >= max_overlap
    return containment(other_text, text) >= max_overlap
