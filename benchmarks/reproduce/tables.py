"""Formats means and spreads over seeds like the paper's tables, next to the paper's numbers."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from statistics import mean, stdev
from typing import Any

from uninote_train.evaluation.evaluate import META
from uninote_train.evaluation.list_task import TASK as LISTS
from uninote_train.evaluation.results_table import mean_of_meta, rows

Systems = Mapping[str, Sequence[Mapping[str, Any]]]
"""Metrics of each seed's model, by arm."""
FOUR = ("atomic alignment", "subordinate retrieval", "semantic extraction", "OCR perception")
"""The meta tasks of the paper's Table 3."""


def page(found: Systems) -> str:
    """Format all tables."""
    parts = [
        "### Negatives (the paper's Table 3): recall@1 by meta task\n",
        *_table3(found),
        "### Ranking by reinforcement (Table 4): halves of notes\n",
        *_table4(found),
        "### Dimensions (Figure 4): recall@1, mean of the meta tasks, and its share of all dimensions\n",
        *_figure4(found),
        "### The loss: recall@1, symmetric KL against InfoNCE\n",
        *_losses(found),
        "### Every task: recall@1\n",
        *_tasks(found),
    ]
    return "\n".join(parts)


def spread(values: Sequence[float]) -> str:
    """Format mean and standard deviation of fractions in percent, as `23.1 ±0.4`; a single value has no spread."""
    around = f" ±{100 * stdev(values):.1f}" if len(values) > 1 else ""
    return f"{100 * mean(values):.1f}{around}"


def _whole(one: Mapping[str, Any]) -> Mapping[str, Any]:
    return one["at"][str(one["dimensions"])]


def _cells(found: Systems, arm: str, of: Sequence[Callable[[Mapping[str, Any]], float | None]]) -> list[str]:
    cells = []
    for metric in of:
        values = [value for one in found[arm] if (value := metric(one)) is not None]
        cells.append(spread(values) if values else "-")
    return cells


def _meta(name: str) -> Callable[[Mapping[str, Any]], float | None]:
    return lambda one: _whole(one)["meta"].get(name, {}).get("recall@1", [None])[0]


def _four(one: Mapping[str, Any]) -> float:
    values = [_whole(one)["meta"][name]["recall@1"][0] for name in FOUR if name in _whole(one)["meta"]]
    return mean(values)


def _table3(found: Systems) -> Iterator[str]:
    paper = {"random": ("42.8", "57.3"), "mined": ("47.0", "66.7"), "all": ("66.1", "73.6")}
    labels = {
        "ships": "the weights that ship",
        "start": "before training",
        "random": "random",
        "mined": "mined, without the rule",
        "all": "mined, and the rule",
    }
    body = []
    for arm, about in labels.items():
        if arm in found:
            body.append([about, *_cells(found, arm, [*map(_meta, FOUR), _four]), *paper.get(arm, ("-", "-"))])
    yield from rows(["negatives", *FOUR, "mean", "paper: OCR perception", "paper: mean"], body)
    rule = sorted({task for one in found.get("all", ()) for task in one["rule"]})
    yield "Rule-made negatives of the test split that score below their positive:\n"
    below = [_below(task) for task in rule]
    yield from rows(["negatives", *rule], [[labels[arm], *_cells(found, arm, below)] for arm in labels if arm in found])


def _below(task: str) -> Callable[[Mapping[str, Any]], float | None]:
    return lambda one: one["rule"].get(task, {}).get("below", [None])[0]


def _table4(found: Systems) -> Iterator[str]:
    metrics = ("precision@1", "precision@5", "recall@1", "recall@5", "recall@10")
    paper = {"all": ("91.7", "92.6", "-", "-", "97.9"), "rl": ("96.0", "96.0", "15.9", "79.3", "99.5")}

    def of(metric: str) -> Callable[[Mapping[str, Any]], float | None]:
        return lambda one: _whole(one)["tasks"].get(LISTS, {}).get(metric, [None])[0]

    def within(name: str) -> Callable[[Mapping[str, Any]], float | None]:
        return lambda one: one["order"].get(name, [None])[0]

    inside = ("relevant before noise", "relevant in order")
    body = []
    labels = {"ships": "the weights that ship", "start": "before training", "all": "without RL", "rl": "with RL"}
    for arm, about in labels.items():
        if arm in found:
            body.append([about, *_cells(found, arm, [*map(of, metrics), *map(within, inside)])])
    body += [[f"paper, {about}", *paper[arm], "-", "-"] for arm, about in {"all": "without RL", "rl": "with RL"}.items()]
    yield from rows(["", *metrics, *inside], body)


def _figure4(found: Systems) -> Iterator[str]:
    dims = sorted({int(d) for several in found.values() for one in several for d in one["at"]})
    body = []
    for arm, several in found.items():
        cells = []
        for d in dims:
            at_dimension = [one["at"][str(d)] for one in several if str(d) in one["at"]]
            values = [mean_of_meta(at) for at in at_dimension]
            share = mean(v / mean_of_meta(_whole(one)) for v, one in zip(values, several, strict=False))
            cells.append(f"{spread(values)} ({share:.0%})")
        body.append([arm, *cells])
    yield from rows(["arm", *map(str, dims)], body)
    yield "The paper: 512 of 4,096 dimensions are near all of them, 64 keep about 70 %.\n"


def _losses(found: Systems) -> Iterator[str]:
    labels = {"all": "symmetric KL over soft labels", "infonce": "InfoNCE with in-batch negatives"}
    body = [[about, *_cells(found, arm, [*map(_meta, META), mean_of_all])] for arm, about in labels.items() if arm in found]
    yield from rows(["loss", *META, "mean"], body)


def mean_of_all(one: Mapping[str, Any]) -> float:
    """Compute the mean of the paper's meta tasks at full dimension."""
    return mean_of_meta(_whole(one))


def _tasks(found: Systems) -> Iterator[str]:
    tasks: dict[str, Mapping[str, Any]] = {}
    for several in found.values():
        for one in several:
            tasks |= _whole(one)["tasks"]

    def of(task: str) -> Callable[[Mapping[str, Any]], float | None]:
        return lambda one: _whole(one)["tasks"].get(task, {}).get("recall@1", [None])[0]

    cells = {arm: _cells(found, arm, [of(task) for task in tasks]) for arm in found}
    sizes = [f"{labels['queries']:,} / {labels['gallery']:,}" for labels in tasks.values()]
    body = [[task, sizes[n], *(cells[arm][n] for arm in found)] for n, task in enumerate(tasks)]
    yield from rows(["task", "queries / gallery", *found], body)
