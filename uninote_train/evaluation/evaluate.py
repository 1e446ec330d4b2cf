"""Vectors and a split -> every number that is reported, as plain values for JSON."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from uninote_train.evaluation.ablated_views import Modes, Probe, modes, probe
from uninote_train.evaluation.bootstrap import Bootstrap, Estimate, Values, estimates, together
from uninote_train.evaluation.encode_items import Encoded
from uninote_train.evaluation.exact_ranks import Vectors, ranks, shortened
from uninote_train.evaluation.list_task import ORDER, Lists, order_of
from uninote_train.evaluation.list_task import TASK as LISTS
from uninote_train.evaluation.metrics import NAMES, of_queries
from uninote_train.evaluation.retrieval_tasks import Questions, ask, questions
from uninote_train.evaluation.split_items import Split
from uninote_train.models.protocol import Item

META = {
    "atomic alignment": ("image_to_text", "text_to_image"),
    "subordinate retrieval": ("image_to_note", "text_to_note"),
    "semantic extraction": ("note_to_image", "note_to_text"),
    "OCR perception": ("image_to_ocr", "ocr_to_image", "ocr_to_note"),
    "content relevance": (LISTS,),
    "across notes": ("note_to_note", "image_to_image", "text_to_text"),
}
"""The paper's five meta tasks, and ours for what two notes share. The paper's note->note is the ranking lists' (lists.py); the
pairs note_to_note are co-clicked, which says interest and not content."""
Told = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Exam:
    """Everything that is asked of an encoder on one split."""

    split: Split
    modes: Modes
    probe: Probe | None
    lists: Lists | None

    def items(self) -> list[Item]:
        """What has to be encoded, by item_id."""
        every = dict(self.split.items) | dict(self.split.made)
        for other in (*self.modes, *(more.split for more in (self.probe, self.lists) if more)):
            every |= dict(other.items)
        return [every[name] for name in sorted(every)]


def exam(split: Split, lists: Lists | None = None) -> Exam:
    """The exam of a split, and of its ranking lists."""
    return Exam(split, modes(split), probe(split), lists)


def measure(asked: Exam, encoded: Encoded, dims: Iterable[int], settings: Bootstrap) -> Told:
    """The tasks at each of `dims` below the model's and at all of it; the rest at all of it."""
    has = encoded.vectors.shape[1]
    place = {name: n for n, name in enumerate(encoded.items)}
    tasks = questions(asked.split)
    if asked.lists:
        tasks.append(ask(asked.lists.split, LISTS, [(p.query, p.positive) for p in asked.lists.split.pairs]))
    by_dimension = {}
    for dimension in sorted({d for d in dims if d < has} | {has}):
        vectors = encoded.vectors if dimension == has else shortened(encoded.vectors, dimension)
        by_dimension[str(dimension)] = _tasks(tasks, _Vectors(vectors, place), settings)
    whole = _Vectors(encoded.vectors, place)
    return {
        "dimensions": has,
        "items": len(encoded.items),
        "refused": _counted(encoded.refused.values()),
        "at": by_dimension,
        "modes": {name: _tasks(questions(split), whole, settings) for name, split in asked.modes._asdict().items()},
        "probe": {way: _task(task, whole, settings) for way, task in (asked.probe.asked if asked.probe else {}).items()},
        "rule": _rule(asked.split, whole, settings),
        "order": _order(asked.lists, whole, settings) if asked.lists else {},
    }


@dataclass(frozen=True, slots=True)
class _Vectors:
    vectors: np.ndarray
    place: Mapping[str, int]

    def of(self, names: Sequence[str]) -> np.ndarray:
        return self.vectors[[self.place[name] for name in names]]


def _values(task: Questions, vectors: _Vectors) -> Values:
    return of_queries(ranks(vectors.of(task.queries), vectors.of(task.gallery), task.right, task.out))


def _tasks(tasks: Sequence[Questions], vectors: _Vectors, settings: Bootstrap) -> Told:
    """Tasks, meta tasks and all: a meta task is the mean of its tasks, `all` of the meta tasks that the paper has."""
    values = {task.task: (_values(task, vectors), task.components) for task in tasks}
    if not values:
        return {"tasks": {}, "meta": {}}
    told, meta = {}, {}
    for name, of in META.items():
        mine = {task: values[task] for task in of if task in values}
        if mine:
            mean, each = together(mine, settings)
            meta[name] = _numbers(mean)
            told.update({task: _numbers(of_task) for task, of_task in each.items()})
    sizes = {t.task: _sizes(t, vectors) for t in tasks}
    return {"tasks": {t.task: {**sizes[t.task], **told[t.task]} for t in tasks}, "meta": meta}


def _task(task: Questions, vectors: _Vectors, settings: Bootstrap) -> Told:
    return {**_sizes(task, vectors), **_numbers(estimates(_values(task, vectors), task.components, settings))}


def _sizes(task: Questions, vectors: _Vectors) -> Told:
    """How many there are; `unanswered`: queries and gallery items without a vector, which are never found."""
    lost = [int(np.isnan(vectors.of(names)).any(1).sum()) for names in (task.queries, task.gallery)]
    return {
        "queries": len(task.queries),
        "gallery": len(task.gallery),
        "positives": sum(len(rows) for rows in task.right),
        "left_out": sum(len(rows) for rows in task.out),
        "components": len(set(task.components)),
        "unanswered": {"queries": lost[0], "gallery": lost[1]},
    }


def _numbers(found: Sequence[Estimate]) -> Told:
    return {name: [one.value, one.low, one.high] for name, one in zip(NAMES, found, strict=True)}


def _rule(split: Split, vectors: _Vectors, settings: Bootstrap) -> Told:
    """For each task: the share of rule-made negatives that score below the positive they were made from. Equal is not below."""
    told: Told = {}
    for task in sorted({c.task for c in split.counters}):
        mine = [c for c in split.counters if c.task == task]
        query, right, made = (vectors.of([getattr(c, side) for c in mine]) for side in ("query", "positive", "made"))
        below = (_cosines(query, right) > _cosines(query, made)).astype(float)
        [one] = estimates(below[:, None], [split.component[c.query] for c in mine], settings)
        told[task] = {"pairs": len(mine), "below": [one.value, one.low, one.high]}
    return told


def _order(lists: Lists, vectors: _Vectors, settings: Bootstrap) -> Told:
    """Means over the lists of what `order_of` says of each."""
    scores = []
    for one in lists.ranked:
        query, offered = vectors.of([one.query]), vectors.of(one.candidates)
        scores.append(_cosines(np.repeat(query, len(offered), 0), offered).astype(np.float64))
    values = order_of(scores, [one.relevant for one in lists.ranked])
    told: Told = {"lists": len(scores)}
    for n, name in enumerate(ORDER):
        there = ~np.isnan(values[:, n])
        if there.any():
            components = [lists.split.component[one.query] for one, ok in zip(lists.ranked, there, strict=True) if ok]
            [mean] = estimates(values[there, n : n + 1], components, settings)
            told[name] = [mean.value, mean.low, mean.high]
    return told


def _cosines(one: Vectors, other: Vectors) -> Vectors:
    """[n], as `ranks` has them."""
    return (one.astype(np.float64) * other).sum(1).astype(np.float32)


def _counted(reasons: Iterable[str]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for reason in reasons:
        short = reason.split(":")[-1].strip()
        counts[short] = counts.get(short, 0) + 1
    return dict(sorted(counts.items(), key=lambda entry: (-entry[1], entry[0])))
