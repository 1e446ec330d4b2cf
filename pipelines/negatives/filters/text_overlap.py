"""Candidates that answer a query by what they say, though no mined pair ties them to it."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipelines.media.passage_match import containment

PASSAGES = ("text", "ocr")
"""Kinds of items that are a passage: where one stands in another item, that item answers it."""

Numbers = NDArray[np.int64]


def echoes(
    items: pa.Array, queries: Numbers, candidates: Numbers, positives: Sequence[Sequence[int]], most: float
) -> NDArray[np.bool_]:
    """Whether a passage of the query or of a positive stands in the candidate, or the candidate in one of them.

    Two notes are not compared: what they may share is for mining to say.

    Args:
        items: [items] ITEM.
        queries: [n] numbers of items.
        candidates: [n].
        positives: [n] the numbers of each row's positives.
        most: share of the passage (`quotes.standing`) from which it stands there.

    Cost: for each row and positive one look at the passage's grams; each text is folded once.
    """
    wanted = np.unique(np.concatenate([queries, candidates, np.array([p for row in positives for p in row], np.int64)]))
    part = items.take(pa.array(wanted))
    shown = zip(part.field("kind").to_pylist(), part.field("text").to_pylist(), strict=True)
    known = dict(zip(wanted.tolist(), shown, strict=True))
    found = np.zeros(len(queries), bool)
    for row, (query, candidate, answers) in enumerate(zip(queries.tolist(), candidates.tolist(), positives, strict=True)):
        found[row] = any(_repeats(known[other], known[candidate], most) for other in (query, *answers))
    return found


def grouped(owners: Numbers, members: Numbers) -> dict[int, list[int]]:
    """The members of each owner."""
    groups: dict[int, list[int]] = {}
    for owner, member in zip(owners.tolist(), members.tolist(), strict=True):
        groups.setdefault(owner, []).append(member)
    return groups


def _repeats(one: tuple[str, str | None], other: tuple[str, str | None], most: float) -> bool:
    (kind, text), (other_kind, other_text) = one, other
    if not text or not other_text or (kind not in PASSAGES and other_kind not in PASSAGES):
        return False
    if kind in PASSAGES and (other_kind not in PASSAGES or len(text) <= len(other_text)):
        return containment(text, other_text) >= most
    return containment(other_text, text) >= most
