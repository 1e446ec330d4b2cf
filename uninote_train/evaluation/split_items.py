"""A split's rows as items and pairs: all that an evaluation knows of the corpus."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from uninote_train.models.protocol import Item

RULE = "rule"
"""Source of a candidate that was made and is no item of any corpus (method.md, section 4)."""


class Pair(NamedTuple):
    """A query and one of its right answers, by item_id."""

    task: str
    query: str
    positive: str


class Counter(NamedTuple):
    """A query, its right answer, and the same answer without what was asked for."""

    task: str
    query: str
    positive: str
    made: str


@dataclass(frozen=True, slots=True)
class Split:
    """Items by item_id, and what is right for what."""

    items: Mapping[str, Item]
    """Queries, positives and candidates of the rows, but for rule-made ones that are nobody's positive."""
    component: Mapping[str, str]
    """item_id -> the component of its note."""
    pairs: tuple[Pair, ...]
    """Each once, sorted."""
    made: Mapping[str, Item]
    """The rule-made items."""
    counters: tuple[Counter, ...]
    """Each once, sorted."""


def read_split(rows: Iterable[Mapping[str, Any]]) -> Split:
    """SFT rows -> Split, whatever their order. Cost: each distinct item is held once."""
    items: dict[str, Item] = {}
    component: dict[str, str] = {}
    made: dict[str, Item] = {}
    pairs: set[Pair] = set()
    counters: set[Counter] = set()
    for row in rows:
        query, positive, task = row["query"], row["positive"]["item"], row["task"]
        shown = [(query, row["component_id"]), (positive, row["positive"]["component_id"])]
        pair = Pair(task, query["item_id"], positive["item_id"])
        pairs.add(pair)
        for candidate in row["candidates"]:
            item = candidate["item"]
            if candidate["source"] == RULE:
                made[item["item_id"]] = item
                counters.add(Counter(*pair, item["item_id"]))
            else:
                shown.append((item, candidate["component_id"]))
        for item, of in shown:
            items[item["item_id"]] = item
            component[item["item_id"]] = of or f"note {item['note_id']}"
    return Split(items, component, tuple(sorted(pairs)), made, tuple(sorted(counters)))
