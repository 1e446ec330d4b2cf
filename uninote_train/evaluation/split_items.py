"""The rows of a split as items and pairs: the input of an evaluation."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from uninote_train.models.protocol import Item

RULE = "rule"
"""Source of a rule-made candidate, which is not an item of the corpus (method.md, section 4)."""


class Pair(NamedTuple):
    """A query and one of its positives, by item_id."""

    task: str
    query: str
    positive: str


class CounterfactualPair(NamedTuple):
    """A query, its positive, and the positive without the content that matches the query."""

    task: str
    query: str
    positive: str
    counterfactual: str


@dataclass(frozen=True, slots=True)
class EvaluationSplit:
    """Items by item_id, and the pairs of queries and positives."""

    items: Mapping[str, Item]
    """Queries, positives and candidates of the rows, except rule-made ones that are no positive."""
    component: Mapping[str, str]
    """item_id -> the component of its note."""
    pairs: tuple[Pair, ...]
    """Each once, sorted."""
    counterfactuals: Mapping[str, Item]
    """The rule-made items."""
    counterfactual_pairs: tuple[CounterfactualPair, ...]
    """Each once, sorted."""


def read_split(rows: Iterable[Mapping[str, Any]]) -> EvaluationSplit:
    """Read SFT rows in any order. Cost: each distinct item is in memory once."""
    items: dict[str, Item] = {}
    component: dict[str, str] = {}
    counterfactuals: dict[str, Item] = {}
    pairs: set[Pair] = set()
    counterfactual_pairs: set[CounterfactualPair] = set()
    for row in rows:
        query, positive, task = row["query"], row["positive"]["item"], row["task"]
        corpus_items = [(query, row["component_id"]), (positive, row["positive"]["component_id"])]
        pair = Pair(task, query["item_id"], positive["item_id"])
        pairs.add(pair)
        for candidate in row["candidates"]:
            item = candidate["item"]
            if candidate["source"] == RULE:
                counterfactuals[item["item_id"]] = item
                counterfactual_pairs.add(CounterfactualPair(*pair, item["item_id"]))
            else:
                corpus_items.append((item, candidate["component_id"]))
        for item, component_id in corpus_items:
            items[item["item_id"]] = item
            component[item["item_id"]] = component_id or f"note {item['note_id']}"
    return EvaluationSplit(items, component, tuple(sorted(pairs)), counterfactuals, tuple(sorted(counterfactual_pairs)))
