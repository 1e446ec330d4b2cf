"""Ranking lists as a task: half of a note asks for the other half and what overlaps it, among the candidates of all lists.

The paper's note->note is this: 37k queries, 370k targets, so ten candidates a query as in its lists, and R@1 of 15.9 % at
P@1 of 96 %, so six right ones each (method.md, sections 7 and 8).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from uninote_train.evaluation.split_items import Pair, Split
from uninote_train.models.protocol import Item

TASK = "note_to_note_lists"
Floats = npt.NDArray[np.float64]


class Ranked(NamedTuple):
    """One list: item_ids."""

    query: str
    candidates: tuple[str, ...]
    """In the true order."""
    relevant: int
    """So many of the first are relevant."""


@dataclass(frozen=True, slots=True)
class Lists:
    """The lists of a split, and the task that they make."""

    split: Split
    ranked: tuple[Ranked, ...]


def read_lists(rows: Iterable[Mapping[str, Any]]) -> Lists:
    """RL rows -> Lists, sorted, whatever their order."""
    items: dict[str, Item] = {}
    component: dict[str, str] = {}
    ranked = []
    for row in rows:
        shown = [(row["query"], row["component_id"]), *((c["item"], c["component_id"]) for c in row["candidates"])]
        for item, of in shown:
            items[item["item_id"]] = item
            component[item["item_id"]] = of or f"note {item['note_id']}"
        names = tuple(item["item_id"] for item, _ in shown)
        ranked.append(Ranked(names[0], names[1:], int(row["relevant"])))
    pairs = {Pair(TASK, one.query, name) for one in ranked for name in one.candidates[: one.relevant]}
    return Lists(Split(items, component, tuple(sorted(pairs)), {}, ()), tuple(sorted(ranked)))


ORDER = ("first is relevant", "relevant before noise", "relevant in order")


def order_of(scores: Sequence[Floats], relevant: Sequence[int]) -> Floats:
    """How each list is ordered within itself: [lists, len(ORDER)].

    first is relevant: the best candidate is. relevant before noise: the share of pairs of a relevant candidate and noise in
    which the relevant one scores more. relevant in order: the share of pairs of relevant candidates that are in the true
    order; nan with fewer than two. Equal scores are in no order.

    Args:
        scores: of each list's candidates, in the true order; nan where one has no vector, which is in no order either.
        relevant: how many of the first are relevant, one or more.
    """
    return np.array([_of_one(one, n) for one, n in zip(scores, relevant, strict=True)]).reshape(len(scores), len(ORDER))


def _of_one(scores: Floats, relevant: int) -> list[float]:
    right, noise = scores[:relevant], scores[relevant:]
    above = right[:, None] > noise[None, :]
    first = bool(len(noise) == 0 or np.nanmax(right, initial=-np.inf) > np.nanmax(noise, initial=-np.inf))
    places = np.triu_indices(relevant, 1)
    return [
        float(first),
        float(above.mean()) if above.size else float("nan"),
        float((right[places[0]] > right[places[1]]).mean()) if relevant > 1 else float("nan"),
    ]
