"""Compute all metrics of an encoder's vectors on a split, as plain values for JSON."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from uninote_train.evaluation.ablated_views import Modes, Probe, modes, probe
from uninote_train.evaluation.bootstrap import Bootstrap, Estimate, Values, estimates, estimates_by_task
from uninote_train.evaluation.encode_items import EncodedItems
from uninote_train.evaluation.exact_ranks import Vectors, ranks, truncate_dimensions
from uninote_train.evaluation.list_task import ORDER, ListTask, order_of
from uninote_train.evaluation.list_task import TASK as LISTS
from uninote_train.evaluation.metrics import NAMES, query_metrics
from uninote_train.evaluation.retrieval_tasks import RetrievalTask, retrieval_task, retrieval_tasks
from uninote_train.evaluation.split_items import EvaluationSplit
from uninote_train.models.protocol import Item

META = {
    "atomic alignment": ("image_to_text", "text_to_image"),
    "subordinate retrieval": ("image_to_note", "text_to_note"),
    "semantic extraction": ("note_to_image", "note_to_text"),
    "OCR perception": ("image_to_ocr", "ocr_to_image", "ocr_to_note"),
    "content relevance": (LISTS,),
    "across notes": ("note_to_note", "image_to_image", "text_to_text"),
}
"""The paper's five meta tasks, and one of ours for content that two notes share. The paper's note->note is the task of the
ranking lists (list_task.py); pairs of note_to_note are co-clicked, which shows common interest and not content."""
Results = dict[str, Any]


@dataclass(frozen=True, slots=True)
class EvaluationSet:
    """All tasks on which an encoder is evaluated, for one split."""

    split: EvaluationSplit
    modes: Modes
    probe: Probe | None
    lists: ListTask | None

    def items(self) -> list[Item]:
        """The items that have to be encoded, sorted by item_id."""
        every = dict(self.split.items) | dict(self.split.counterfactuals)
        for other in (*self.modes, *(more.split for more in (self.probe, self.lists) if more)):
            every |= dict(other.items)
        return [every[name] for name in sorted(every)]


def evaluation_set(split: EvaluationSplit, lists: ListTask | None = None) -> EvaluationSet:
    """The tasks of a split, and of its ranking lists."""
    return EvaluationSet(split, modes(split), probe(split), lists)


def measure(evaluation: EvaluationSet, encoded: EncodedItems, dims: Iterable[int], settings: Bootstrap) -> Results:
    """Metrics: of the tasks at each of `dims` shorter than the vectors and at full length, of the rest at full length."""
    full = encoded.vectors.shape[1]
    position = {name: n for n, name in enumerate(encoded.items)}
    tasks = all_tasks(evaluation.split, evaluation.lists)
    by_dimension = {}
    for dimension in sorted({d for d in dims if d < full} | {full}):
        vectors = encoded.vectors if dimension == full else truncate_dimensions(encoded.vectors, dimension)
        by_dimension[str(dimension)] = _tasks(tasks, _Vectors(vectors, position), settings)
    whole = _Vectors(encoded.vectors, position)
    return {
        "dimensions": full,
        "items": len(encoded.items),
        "refused": _count_reasons(encoded.refused.values()),
        "at": by_dimension,
        "modes": {name: _tasks(retrieval_tasks(split), whole, settings) for name, split in evaluation.modes._asdict().items()},
        "probe": {
            variant: _task(task, whole, settings)
            for variant, task in (evaluation.probe.tasks if evaluation.probe else {}).items()
        },
        "rule": _rule(evaluation.split, whole, settings),
        "order": _order(evaluation.lists, whole, settings) if evaluation.lists else {},
    }


def all_tasks(split: EvaluationSplit, lists: ListTask | None) -> list[RetrievalTask]:
    """The tasks of a split's pairs, and that of its lists."""
    of_lists = [retrieval_task(lists.split, LISTS, [(p.query, p.positive) for p in lists.split.pairs])] if lists else []
    return [*retrieval_tasks(split), *of_lists]


def measure_tasks(tasks: Sequence[RetrievalTask], encoded: EncodedItems, settings: Bootstrap) -> Results:
    """Metrics of tasks and meta tasks at full length alone: what a training run looks at."""
    return _tasks(tasks, _Vectors(encoded.vectors, {name: n for n, name in enumerate(encoded.items)}), settings)


@dataclass(frozen=True, slots=True)
class _Vectors:
    vectors: np.ndarray
    position: Mapping[str, int]

    def of(self, names: Sequence[str]) -> np.ndarray:
        return self.vectors[[self.position[name] for name in names]]


def _values(task: RetrievalTask, vectors: _Vectors) -> Values:
    found = ranks(vectors.of(task.queries), vectors.of(task.gallery), task.positives, task.excluded, task.variants)
    return query_metrics(found)


def _tasks(tasks: Sequence[RetrievalTask], vectors: _Vectors, settings: Bootstrap) -> Results:
    """Metrics of the tasks and the meta tasks; a meta task is the mean of its tasks."""
    values = {task.task: (_values(task, vectors), task.components) for task in tasks}
    if not values:
        return {"tasks": {}, "meta": {}}
    by_task, meta = {}, {}
    for name, members in META.items():
        present = {task: values[task] for task in members if task in values}
        if present:
            mean, each = estimates_by_task(present, settings)
            meta[name] = _numbers(mean)
            by_task.update({task: _numbers(estimate) for task, estimate in each.items()})
    sizes = {t.task: _sizes(t, vectors) for t in tasks}
    return {"tasks": {t.task: {**sizes[t.task], **by_task[t.task]} for t in tasks}, "meta": meta}


def _task(task: RetrievalTask, vectors: _Vectors, settings: Bootstrap) -> Results:
    return {**_sizes(task, vectors), **_numbers(estimates(_values(task, vectors), task.components, settings))}


def _sizes(task: RetrievalTask, vectors: _Vectors) -> Results:
    """Sizes of a task; `unanswered`: queries and gallery items without a vector, which are never retrieved."""
    ranked = np.delete(np.array(task.gallery), task.variants).tolist()
    without_vector = [int(np.isnan(vectors.of(names)).any(1).sum()) for names in (task.queries, ranked)]
    return {
        "queries": len(task.queries),
        "gallery": task.gallery_size,
        "positives": sum(len(rows) for rows in task.positives),
        "left_out": sum(len(rows) for rows in task.excluded),
        "components": len(set(task.components)),
        "unanswered": {"queries": without_vector[0], "gallery": without_vector[1]},
    }


def _numbers(metrics: Sequence[Estimate]) -> Results:
    return {name: [one.value, one.low, one.high] for name, one in zip(NAMES, metrics, strict=True)}


def _rule(split: EvaluationSplit, vectors: _Vectors, settings: Bootstrap) -> Results:
    """For each task the share of rule-made negatives that score below their positive. An equal score is not below."""
    results: Results = {}
    for task in sorted({c.task for c in split.counterfactual_pairs}):
        pairs = [c for c in split.counterfactual_pairs if c.task == task]
        query, positive, counterfactual = (
            vectors.of([getattr(c, side) for c in pairs]) for side in ("query", "positive", "counterfactual")
        )
        below = (_cosines(query, positive) > _cosines(query, counterfactual)).astype(float)
        [one] = estimates(below[:, None], [split.component[c.query] for c in pairs], settings)
        results[task] = {"pairs": len(pairs), "below": [one.value, one.low, one.high]}
    return results


def _order(lists: ListTask, vectors: _Vectors, settings: Bootstrap) -> Results:
    """Means over the lists of the metrics of `order_of`."""
    scores = []
    for one in lists.ranked:
        query, candidates = vectors.of([one.query]), vectors.of(one.candidates)
        scores.append(_cosines(np.repeat(query, len(candidates), 0), candidates).astype(np.float64))
    values = order_of(scores, [one.relevant for one in lists.ranked])
    results: Results = {"lists": len(scores)}
    for n, name in enumerate(ORDER):
        defined = ~np.isnan(values[:, n])
        if defined.any():
            components = [lists.split.component[one.query] for one, ok in zip(lists.ranked, defined, strict=True) if ok]
            [mean] = estimates(values[defined, n : n + 1], components, settings)
            results[name] = [mean.value, mean.low, mean.high]
    return results


def _cosines(one: Vectors, other: Vectors) -> Vectors:
    """[n], with the rounding of `ranks`."""
    return (one.astype(np.float64) * other).sum(1).astype(np.float32)


def _count_reasons(reasons: Iterable[str]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for reason in reasons:
        short = reason.split(":")[-1].strip()
        counts[short] = counts.get(short, 0) + 1
    return dict(sorted(counts.items(), key=lambda entry: (-entry[1], entry[0])))
