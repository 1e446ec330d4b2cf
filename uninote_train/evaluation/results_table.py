"""The numbers of all systems that were evaluated into one folder, as a Markdown page."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from schemas.item import TASKS
from uninote_train.evaluation.evaluate import META
from uninote_train.evaluation.list_task import ORDER
from uninote_train.evaluation.list_task import TASK as LISTS

ASKED = (*TASKS, LISTS)
"""In the order in which they are shown."""

Systems = Mapping[str, Mapping[str, Any]]
"""name -> what `measure` gave."""
SHOWN = ("recall@1", "recall@5", "recall@10", "ndcg@10", "mrr")
WAYS = {
    "exact": "the picture as the note holds it",
    "reencoded": "at 0.6 of its size, JPEG quality 40",
    "cropped": "its middle, half of the area",
    "component_out": "exact, the rest of its component out of the gallery",
    "replaced": "asked for its note with the picture taken out",
}


def page(systems: Systems) -> str:
    """Everything; means in percent, then the half width of the 95 % interval."""
    parts = [
        "# Evaluation\n",
        "Percent, with half of the 95 % bootstrap interval over components. Recall is the share of the right answers, of which "
        "some tasks have several. Neither right nor wrong, and out of a query's ranking: what is in its component or a "
        "positive's and is no labelled positive, and what says the same words. Rule-made negatives are in no gallery.\n",
        "## Tasks\n",
        *_tasks(systems),
        "## Tasks with several right answers, precision\n",
        *_precision(systems),
        "## Meta tasks, recall@1\n",
        *_meta(systems),
        "## Dimensions, recall@1, mean of the meta tasks\n",
        *_dimensions(systems),
        "## What of a note is seen, recall@1\n",
        "The notes of the same queries with their words alone, with their pictures alone, with both.\n",
        *_modes(systems),
        "## Does it match pixels? image_to_note, recall@1\n",
        *_probe(systems),
        "## Rule-made negatives that score below their positive\n",
        *_rule(systems),
        "## The order within a ranking list\n",
        *_order(systems),
    ]
    return "\n".join(parts)


def mean_of_meta(told: Mapping[str, Any], metric: str = "recall@1") -> float:
    """The mean over the paper's meta tasks that are there; nan without one."""
    values = [numbers[metric][0] for name, numbers in told["meta"].items() if name != "across notes"]
    return sum(values) / len(values) if values else float("nan")


def _at(system: Mapping[str, Any]) -> Mapping[str, Any]:
    """The numbers at all of its dimensions."""
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
    for task in ASKED:
        for name, system in systems.items():
            told = _at(system)["tasks"].get(task)
            if told:
                sizes = f"{told['queries']:,} / {told['gallery']:,}"
                body.append([task, sizes, name, *(_answered(told, metric) for metric in SHOWN)])
    yield from rows(["task", "queries / gallery", "system", *SHOWN], body)


def _answered(told: Mapping[str, Any], metric: str) -> str:
    """A dash where the encoder reads no query or nothing of the gallery."""
    lost = told["unanswered"]
    return "-" if lost["queries"] == told["queries"] or lost["gallery"] == told["gallery"] else cell(told[metric])


def _precision(systems: Systems) -> Iterator[str]:
    names = ("precision@1", "precision@5", "precision@10")
    body = []
    for task in ASKED:
        for name, system in systems.items():
            told = _at(system)["tasks"].get(task)
            if told and told["positives"] > told["queries"]:
                body.append([task, name, f"{told['positives'] / told['queries']:.1f}", *(_answered(told, n) for n in names)])
    yield from rows(["task", "system", "right answers", *names], body)


def _order(systems: Systems) -> Iterator[str]:
    found = {name: s["order"] for name, s in systems.items() if s["order"]}
    yield from rows(["system", *ORDER], [[name, *_cells(of, ORDER)] for name, of in found.items()])


def _meta(systems: Systems) -> Iterator[str]:
    body = []
    for name, system in systems.items():
        told = _at(system)
        meta = {m: numbers["recall@1"] for m, numbers in told["meta"].items()}
        body.append([name, *_cells(meta, META), f"{100 * mean_of_meta(told):.1f}"])
    yield from rows(["system", *META, "mean without across notes"], body)


def _cells(found: Mapping[str, Sequence[float]], names: Iterable[str]) -> list[str]:
    return [cell(found[name]) if name in found else "-" for name in names]


def _dimensions(systems: Systems) -> Iterator[str]:
    every = sorted({int(d) for system in systems.values() for d in system["at"]})
    body = [[name, *(_mean(system["at"].get(str(d))) for d in every)] for name, system in systems.items()]
    yield from rows(["system", *map(str, every)], body)


def _mean(told: Mapping[str, Any] | None) -> str:
    return "-" if told is None else f"{100 * mean_of_meta(told):.1f}"


def _modes(systems: Systems) -> Iterator[str]:
    tasks = [t for t in ASKED if any(t in mode["tasks"] for s in systems.values() for mode in s["modes"].values())]
    body = []
    for name, system in systems.items():
        for mode, told in system["modes"].items():
            found = {task: numbers["recall@1"] for task, numbers in told["tasks"].items()}
            body.append([name, mode, *_cells(found, tasks)])
    yield from rows(["system", "notes show", *tasks], body)


def _probe(systems: Systems) -> Iterator[str]:
    asked = {way: about for way, about in WAYS.items() if any(way in s["probe"] for s in systems.values())}
    if not asked:
        yield "No picture is asked whose note is here both with it and without it.\n"
        return
    for way, about in asked.items():
        yield f"- {way}: {about}"
    yield ""
    found = {name: {way: numbers["recall@1"] for way, numbers in s["probe"].items()} for name, s in systems.items()}
    yield from rows(["system", *asked], [[name, *_cells(of, asked)] for name, of in found.items()])


def _rule(systems: Systems) -> Iterator[str]:
    tasks = sorted({task for s in systems.values() for task in s["rule"]})
    found = {name: {task: told["below"] for task, told in s["rule"].items()} for name, s in systems.items()}
    yield from rows(["system", *tasks], [[name, *_cells(of, tasks)] for name, of in found.items()])
