"""The results of all systems evaluated into one folder, as a Markdown page."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from schemas.item import TASKS
from uninote_train.evaluation.evaluate import META
from uninote_train.evaluation.list_task import ORDER
from uninote_train.evaluation.list_task import TASK as LISTS

TASK_ORDER = (*TASKS, LISTS)
"""Order of the tasks in tables."""

Systems = Mapping[str, Mapping[str, Any]]
"""name -> the result of `measure`."""
METRICS = ("recall@1", "recall@5", "recall@10", "ndcg@10", "mrr")
VARIANTS = {
    "exact": "the picture as it is in the note",
    "reencoded": "at 0.6 of its size, JPEG quality 40",
    "cropped": "its middle, half of the area",
    "component_out": "exact, without the rest of its component in the gallery",
    "replaced": "exact, for its note with the picture taken out",
}


def page(systems: Systems) -> str:
    """The whole page."""
    parts = [
        "# Evaluation\n",
        "Values are in percent, ± half of the 95 % bootstrap interval over components. Recall is the share of a query's "
        "positives; some tasks have several. Items that are related to the query or to a positive by component or by equal "
        "text, but are not labelled as positives, are excluded from its ranking. Rule-made negatives are in no gallery.\n",
        "## Tasks\n",
        *_tasks(systems),
        "## Precision of tasks with several positives\n",
        *_precision(systems),
        "## Meta tasks, recall@1\n",
        *_meta(systems),
        "## Recall@1 by dimensions, mean of the meta tasks\n",
        *_dimensions(systems),
        "## Notes with text only, pictures only, or both, recall@1\n",
        "The same queries and notes in each mode.\n",
        *_modes(systems),
        "## Edited query pictures, image_to_note, recall@1\n",
        *_probe(systems),
        "## Share of rule-made negatives that score below their positive\n",
        *_rule(systems),
        "## Order within ranking lists\n",
        *_order(systems),
    ]
    return "\n".join(parts)


def mean_of_meta(results: Mapping[str, Any], metric: str = "recall@1") -> float:
    """The mean over the paper's meta tasks that have results; nan without any."""
    values = [numbers[metric][0] for name, numbers in results["meta"].items() if name != "across notes"]
    return sum(values) / len(values) if values else float("nan")


def _at(system: Mapping[str, Any]) -> Mapping[str, Any]:
    """The results at full vector length."""
    return dict(system["at"][str(system["dimensions"])])


def cell(numbers: Sequence[float]) -> str:
    """`53.1 ±2.0` of (value, low, high) in [0, 1]."""
    value, low, high = numbers
    return f"{100 * value:.1f} ±{50 * (high - low):.1f}"


def rows(head: Sequence[str], body: Sequence[Sequence[str]]) -> Iterator[str]:
    """A Markdown table and an empty line."""
    yield f"| {' | '.join(head)} |"
    yield f"|{'---|' * len(head)}"
    for row in body:
        yield f"| {' | '.join(row)} |"
    yield ""


def _tasks(systems: Systems) -> Iterator[str]:
    body = []
    for task in TASK_ORDER:
        for name, system in systems.items():
            results = _at(system)["tasks"].get(task)
            if results:
                sizes = f"{results['queries']:,} / {results['gallery']:,}"
                body.append([task, sizes, name, *(_cell_or_dash(results, metric) for metric in METRICS)])
    yield from rows(["task", "queries / gallery", "system", *METRICS], body)


def _cell_or_dash(results: Mapping[str, Any], metric: str) -> str:
    """A dash if the encoder has no vector for any query or for anything in the gallery."""
    missing = results["unanswered"]
    none = missing["queries"] == results["queries"] or missing["gallery"] == results["gallery"]
    return "-" if none else cell(results[metric])


def _precision(systems: Systems) -> Iterator[str]:
    names = ("precision@1", "precision@5", "precision@10")
    body = []
    for task in TASK_ORDER:
        for name, system in systems.items():
            results = _at(system)["tasks"].get(task)
            if results and results["positives"] > results["queries"]:
                per_query = f"{results['positives'] / results['queries']:.1f}"
                body.append([task, name, per_query, *(_cell_or_dash(results, n) for n in names)])
    yield from rows(["task", "system", "positives per query", *names], body)


def _order(systems: Systems) -> Iterator[str]:
    orders = {name: s["order"] for name, s in systems.items() if s["order"]}
    yield from rows(["system", *ORDER], [[name, *_cells(order, ORDER)] for name, order in orders.items()])


def _meta(systems: Systems) -> Iterator[str]:
    body = []
    for name, system in systems.items():
        results = _at(system)
        meta = {m: numbers["recall@1"] for m, numbers in results["meta"].items()}
        body.append([name, *_cells(meta, META), f"{100 * mean_of_meta(results):.1f}"])
    yield from rows(["system", *META, "mean without across notes"], body)


def _cells(values: Mapping[str, Sequence[float]], names: Iterable[str]) -> list[str]:
    return [cell(values[name]) if name in values else "-" for name in names]


def _dimensions(systems: Systems) -> Iterator[str]:
    every = sorted({int(d) for system in systems.values() for d in system["at"]})
    body = [[name, *(_mean(system["at"].get(str(d))) for d in every)] for name, system in systems.items()]
    yield from rows(["system", *map(str, every)], body)


def _mean(results: Mapping[str, Any] | None) -> str:
    return "-" if results is None else f"{100 * mean_of_meta(results):.1f}"


def _modes(systems: Systems) -> Iterator[str]:
    tasks = [t for t in TASK_ORDER if any(t in mode["tasks"] for s in systems.values() for mode in s["modes"].values())]
    body = []
    for name, system in systems.items():
        for mode, results in system["modes"].items():
            recalls = {task: numbers["recall@1"] for task, numbers in results["tasks"].items()}
            body.append([name, mode, *_cells(recalls, tasks)])
    yield from rows(["system", "mode", *tasks], body)


def _probe(systems: Systems) -> Iterator[str]:
    present = {name: text for name, text in VARIANTS.items() if any(name in s["probe"] for s in systems.values())}
    if not present:
        yield "No picture of this split has its note in it both with and without the picture.\n"
        return
    for variant, text in present.items():
        yield f"- {variant}: {text}"
    yield ""
    recalls = {name: {v: numbers["recall@1"] for v, numbers in s["probe"].items()} for name, s in systems.items()}
    yield from rows(["system", *present], [[name, *_cells(values, present)] for name, values in recalls.items()])


def _rule(systems: Systems) -> Iterator[str]:
    tasks = sorted({task for s in systems.values() for task in s["rule"]})
    shares = {name: {task: result["below"] for task, result in s["rule"].items()} for name, s in systems.items()}
    yield from rows(["system", *tasks], [[name, *_cells(values, tasks)] for name, values in shares.items()])
