"""Which queries are asked of which gallery, what is right, and what is neither right nor wrong.

The gallery of a task is every item of the split that is of a kind with the task's positives: pictures, texts, notes (whole
and with parts replaced) of all rows. Three things leave the ranking of a query, so that no true answer counts as an error:
the query itself; whatever is in its component, or in that of one of its positives, and is not a labelled positive of it; and
whatever says the same words as one of its positives or as itself. Rule-made negatives are in no gallery: nobody indexes them.
"""

import unicodedata
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np
import numpy.typing as npt

from schemas.combining_marks import stream_safe
from schemas.item import TASKS
from uninote_train.evaluation.split_items import Split
from uninote_train.models.protocol import Item

Rows = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Questions:
    """One task."""

    task: str
    queries: tuple[str, ...]
    """[q] item_ids, sorted."""
    gallery: tuple[str, ...]
    """[n] item_ids, sorted."""
    right: tuple[Rows, ...]
    """For each query the rows of `gallery` that are right; at least one."""
    out: tuple[Rows, ...]
    """For each query the rows that are neither right nor wrong."""
    components: tuple[str, ...]
    """[q] of the queries: rows of one component are not independent."""


def questions(split: Split) -> list[Questions]:
    """Every task that has a pair, in the order of the paper's table. Cost: linear in items, and in what leaves a ranking."""
    pairs = sorted(split.pairs)
    by_task = {task: [(p.query, p.positive) for p in of] for task, of in groupby(pairs, key=lambda p: p.task)}
    return [ask(split, task, by_task[task]) for task in TASKS if task in by_task]


def ask(split: Split, task: str, pairs: Sequence[tuple[str, str]]) -> Questions:
    """One task of these pairs of (query, positive)."""
    kinds = {split.items[positive]["kind"] for _, positive in pairs}
    gallery = tuple(sorted(name for name, item in split.items.items() if item["kind"] in kinds))
    place = {name: n for n, name in enumerate(gallery)}
    tied, saying = _by_component(gallery, split.component), _by_words(gallery, split.items)
    positives: dict[str, set[str]] = defaultdict(set)
    for query, positive in pairs:
        positives[query].add(positive)
    queries = tuple(sorted(positives))
    right, out = [], []
    for query in queries:
        mine = {place[p] for p in positives[query]}
        near = {place[query]} if query in place else set()
        for name in (query, *positives[query]):
            near |= tied.get(split.component[name], set()) | saying.get(words(split.items[name]), set())
        right.append(np.array(sorted(mine), np.int64))
        out.append(np.array(sorted(near - mine), np.int64))
    return Questions(task, queries, gallery, tuple(right), tuple(out), tuple(split.component[q] for q in queries))


def words(item: Item) -> str:
    """What an item of text says, folded; "" for one that shows a picture, whose component tells what else shows it."""
    if item["image_ids"] or item["kind"] not in ("text", "ocr", "note"):
        return ""
    return " ".join(unicodedata.normalize("NFKC", stream_safe(item["text"] or "")).casefold().split())


def _by_component(gallery: Sequence[str], component: Mapping[str, str]) -> dict[str, set[int]]:
    found: dict[str, set[int]] = defaultdict(set)
    for n, name in enumerate(gallery):
        found[component[name]].add(n)
    return found


def _by_words(gallery: Sequence[str], items: Mapping[str, Item]) -> dict[str, set[int]]:
    """Without "": items that say nothing have nothing in common."""
    found: dict[str, set[int]] = defaultdict(set)
    for n, name in enumerate(gallery):
        if said := words(items[name]):
            found[said].add(n)
    return found
