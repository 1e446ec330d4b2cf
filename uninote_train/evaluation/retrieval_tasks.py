"""Retrieval tasks: the queries and the gallery, the positives of each query, and the items excluded from its ranking.

The gallery of a task has every item of the split of the kind of the task's positives, of all rows: pictures, texts, or notes.
A note stands in it once, as in an index, though a split has up to a variant of it for each picture that another takes out: a
query ranks its own positives, and one item of every other note. Three things are excluded from the ranking of a query, so that
no correct answer counts as an error: the query itself; items in its component, or in that of one of its positives, that are not
labelled positives; and items with the same text as the query or one of its positives. Rule-made negatives are in no gallery: no
index has them.
"""

import unicodedata
from collections import defaultdict
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np
import numpy.typing as npt

from schemas.combining_marks import stream_safe
from schemas.item import TASKS
from uninote_train.evaluation.split_items import EvaluationSplit
from uninote_train.models.protocol import Item

Rows = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class RetrievalTask:
    """The queries, gallery and correct answers of a task."""

    task: str
    queries: tuple[str, ...]
    """[q] item_ids, sorted."""
    gallery: tuple[str, ...]
    """[n] item_ids, sorted."""
    positives: tuple[Rows, ...]
    """For each query its positives, as rows of `gallery`; at least one."""
    excluded: tuple[Rows, ...]
    """For each query the rows that are excluded from its ranking."""
    variants: Rows
    """Rows of further items of notes: in the ranking only of queries that have them as positives."""
    components: tuple[str, ...]
    """[q], the components of the queries: queries of one component are not independent."""

    @property
    def gallery_size(self) -> int:
        """Items that a query ranks, before exclusions: each picture, text or note once."""
        return len(self.gallery) - len(self.variants)


def retrieval_tasks(split: EvaluationSplit) -> list[RetrievalTask]:
    """All tasks that have a pair, in the order of the paper's table. Cost: linear in items and in excluded rows."""
    pairs = sorted(split.pairs)
    by_task = {task: [(p.query, p.positive) for p in group] for task, group in groupby(pairs, key=lambda p: p.task)}
    return [retrieval_task(split, task, by_task[task]) for task in TASKS if task in by_task]


def retrieval_task(split: EvaluationSplit, task: str, pairs: Sequence[tuple[str, str]]) -> RetrievalTask:
    """The task with these pairs of (query, positive)."""
    kinds = {split.items[positive]["kind"] for _, positive in pairs}
    gallery = tuple(sorted(name for name, item in split.items.items() if item["kind"] in kinds))
    position = {name: n for n, name in enumerate(gallery)}
    by_component, by_text = _by_component(gallery, split.component), _by_text(gallery, split.items)
    positives: dict[str, set[str]] = defaultdict(set)
    for query, positive in pairs:
        positives[query].add(positive)
    queries = tuple(sorted(positives))
    all_positives, all_excluded = [], []
    for query in queries:
        correct = {position[p] for p in positives[query]}
        related = {position[query]} if query in position else set()
        for name in (query, *positives[query]):
            related |= by_component.get(split.component[name], set()) | by_text.get(folded_text(split.items[name]), set())
        all_positives.append(np.array(sorted(correct), np.int64))
        all_excluded.append(np.array(sorted(related - correct), np.int64))
    answers = {name for names in positives.values() for name in names}
    return RetrievalTask(
        task, queries, gallery, tuple(all_positives), tuple(all_excluded), _variants(gallery, split.items, answers),
        tuple(split.component[q] for q in queries),
    )  # fmt: skip


def _variants(gallery: Sequence[str], items: Mapping[str, Item], answers: Container[str]) -> Rows:
    """Rows of all items of a note but one: the first positive of the task, or without one the most pictures, then words.

    A note is represented by an answer so that the form of a right answer does not tell it from the others (decision 19).
    """
    best: dict[str, tuple[bool, int, int, int]] = {}
    notes = [(n, items[name]) for n, name in enumerate(gallery) if items[name]["kind"] == "note"]
    for n, item in notes:
        size = (len(item["image_ids"]), len(item["text"] or ""))
        rank = (True, 0, 0, -n) if item["item_id"] in answers else (False, *size, -n)
        best[item["note_id"]] = max(best.get(item["note_id"], rank), rank)
    return np.array([n for n, item in notes if n != -best[item["note_id"]][3]], np.int64)


def folded_text(item: Item) -> str:
    """The text of an item without pictures, folded; "" for an item with pictures, whose copies are in its component."""
    if item["image_ids"] or item["kind"] not in ("text", "ocr", "note"):
        return ""
    return " ".join(unicodedata.normalize("NFKC", stream_safe(item["text"] or "")).casefold().split())


def _by_component(gallery: Sequence[str], component: Mapping[str, str]) -> dict[str, set[int]]:
    rows: dict[str, set[int]] = defaultdict(set)
    for n, name in enumerate(gallery):
        rows[component[name]].add(n)
    return rows


def _by_text(gallery: Sequence[str], items: Mapping[str, Item]) -> dict[str, set[int]]:
    """Without "": items without text have nothing in common."""
    rows: dict[str, set[int]] = defaultdict(set)
    for n, name in enumerate(gallery):
        if text := folded_text(items[name]):
            rows[text].add(n)
    return rows
