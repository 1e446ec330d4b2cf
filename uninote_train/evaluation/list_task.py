"""Ranking lists as a task: half of a note retrieves the other half and what overlaps it, among the candidates of all lists.

This is the paper's note->note: 37k queries and 370k targets, so ten candidates per query as in its lists, and R@1 of 15.9 % at
P@1 of 96 %, so about six positives each (method.md, sections 7 and 8).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from uninote_train.evaluation.split_items import EvaluationSplit, Pair
from uninote_train.models.protocol import Item

TASK = "note_to_note_lists"
Floats = npt.NDArray[np.float64]


class RankedList(NamedTuple):
    """The item_ids of one list."""

    query: str
    candidates: tuple[str, ...]
    """In the true order."""
    relevant: int
    """The first `relevant` candidates are relevant."""


@dataclass(frozen=True, slots=True)
class ListTask:
    """The lists of a split, and the task that they make."""

    split: EvaluationSplit
    ranked: tuple[RankedList, ...]


def read_lists(rows: Iterable[Mapping[str, Any]]) -> ListTask:
    """Read RL rows, in any order, as sorted lists."""
    items: dict[str, Item] = {}
    component: dict[str, str] = {}
    ranked = []
    for row in rows:
        items_of_row = [(row["query"], row["component_id"]), *((c["item"], c["component_id"]) for c in row["candidates"])]
        for item, component_id in items_of_row:
            items[item["item_id"]] = item
            component[item["item_id"]] = component_id or f"note {item['note_id']}"
        names = tuple(item["item_id"] for item, _ in items_of_row)
        ranked.append(RankedList(names[0], names[1:], int(row["relevant"])))
    pairs = {Pair(TASK, one.query, name) for one in ranked for name in one.candidates[: one.relevant]}
    return ListTask(EvaluationSplit(items, component, tuple(sorted(pairs)), {}, ()), tuple(sorted(ranked)))


ORDER = ("first is relevant", "relevant before noise", "relevant in order")


def order_of(scores: Sequence[Floats], relevant: Sequence[int]) -> Floats:
    """Metrics of the order within each list: [lists, len(ORDER)].

    first is relevant: whether the best candidate is relevant. relevant before noise: the share of pairs of a relevant and a
    noise candidate in which the relevant one scores more. relevant in order: the share of pairs of relevant candidates in
    the true order; nan with fewer than two. Equal scores count as out of order.

    Args:
        scores: of each list's candidates, in the true order; nan for one without a vector, which counts as out of order.
        relevant: number of relevant candidates of each list, at least one.
    """
    return np.array([_order_of_list(one, n) for one, n in zip(scores, relevant, strict=True)]).reshape(len(scores), len(ORDER))


def _order_of_list(scores: Floats, relevant: int) -> list[float]:
    right, noise = scores[:relevant], scores[relevant:]
    above = right[:, None] > noise[None, :]
    first = bool(len(noise) == 0 or np.nanmax(right, initial=-np.inf) > np.nanmax(noise, initial=-np.inf))
    places = np.triu_indices(relevant, 1)
    return [
        float(first),
        float(above.mean()) if above.size else float("nan"),
        float((right[places[0]] > right[places[1]]).mean()) if relevant > 1 else float("nan"),
    ]
