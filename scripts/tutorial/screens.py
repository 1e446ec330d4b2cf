"""The first and the last screen of `make demo`."""

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb

from scripts.tutorial.page import Step
from scripts.tutorial.run import Ran, complaint


def opening(steps: Sequence[Step], folder: Path) -> str:
    """What will run, what each step makes, how long it takes."""
    minutes = sum(step.seconds for step in steps) / 60
    lines = [
        f"docs/tutorial.md on the sample corpus of 400 notes: {len(steps)} steps, {minutes:.0f} minutes on two cores.",
        f"All is written to {folder / 'out'}; nothing is fetched, no GPU is used. Ctrl-C ends it.",
        "",
    ]
    lines += [f"{step.number:>3}  {step.title:<26}{step.seconds:>4} s   {step.makes}" for step in steps]
    return "\n".join(lines) + "\n"


def closing(workspace: Path, ran: Sequence[Ran], steps: Sequence[Step]) -> str:
    """What stands in the workspace now, what it took, where to look and what to do next."""
    with duckdb.connect(str(workspace / "workspace.duckdb"), read_only=True) as database:
        lines = [
            f"What stands in {workspace}",
            "",
            f"  notes        {_through(database, 'notes')}",
            f"  pictures     {_through(database, 'images')}",
            f"  pairs        {_counted(database, 'positives', 'granularity')}",
            f"  negatives    {_counted(database, 'hard_negatives', 'source')}",
            f"  judge        {_judge(database)}",
            f"  shards       {_shards(database)}",
        ]
    lines += [f"  recall@1     {_recall(workspace / 'evaluated')}", "", *_seconds(ran, steps), ""]
    off = [told for each in ran if (told := complaint(each))]
    lines += off or [f"All {len(ran)} commands printed what the page says."]
    lines += [
        "",
        f"Look:  {workspace / 'report.html'} in a browser; docs/reference/sql.md has queries for {workspace / 'workspace.duckdb'}",
        'Next:  your own notes: docs/tutorial.md, "The same on your own data"',
    ]
    return "\n".join(lines) + "\n"


def _one(database: duckdb.DuckDBPyConnection, query: str) -> tuple[Any, ...]:
    return database.execute(query).fetchone() or ()


def _through(database: duckdb.DuckDBPyConnection, dataset: str) -> str:
    """The funnel of a dataset in a line."""
    told = dict(database.execute("select what, rows from funnel() where dataset = ?", [dataset]).fetchall())
    refused = sum(rows for what, rows in told.items() if what.startswith("dropped: refused"))
    left = sum(rows for what, rows in told.items() if what.startswith("dropped:")) - refused
    return f"{told['in']:,} in, {refused:,} refused, {left:,} dropped, {told['out']:,} kept"


def _counted(database: duckdb.DuckDBPyConnection, view: str, by: str) -> str:
    found = database.execute(f"select {by}, count(*) from {view} group by all order by 2, 1").fetchall()
    return ", ".join(f"{rows:,} {name}" for name, rows in found)


def _judge(database: duckdb.DuckDBPyConnection) -> str:
    [report] = _one(database, "select report from runs where dataset = 'judgements'")
    told = json.loads(report)
    [judged] = _one(database, "select count(*) from judgements where calibrated is not null")
    return f"{judged:,} pairs judged by {told['judge']}; {told['calibration']}"


def _shards(database: duckdb.DuckDBPyConnection) -> str:
    found = database.execute(
        "select dataset, rows_out from runs where dataset similar to '(sft|rl)/(train|validation|test)' order by place"
    ).fetchall()
    return ", ".join(f"{name} {rows:,}" for name, rows in found)


def _recall(evaluated: Path) -> str:
    """The mean of the meta tasks before and after, and by how many queries."""
    means, queries = {}, 0
    for name in ("start", "trained"):
        told = json.loads((evaluated / name / "metrics.json").read_text(encoding="utf8"))
        whole = told["at"][str(told["dimensions"])]
        values = [numbers["recall@1"][0] for task, numbers in whole["meta"].items() if task != "across notes"]
        means[name] = 100 * sum(values) / len(values)
        queries = sum(numbers["queries"] for numbers in whole["tasks"].values())
    return (
        f"{means['start']:.1f} % before training, {means['trained']:.1f} % after: too few steps, and {queries:,} queries "
        "too few, to tell"
    )


def _seconds(ran: Sequence[Ran], steps: Iterable[Step]) -> list[str]:
    """Seconds of each step, and the page's."""
    took: Mapping[int, float] = {each.block.line: each.seconds for each in ran}
    lines = []
    for step in steps:
        here = sum(took.get(block.line, 0.0) for block in step.blocks)
        lines.append(f"{here:>6.0f} s  (the page: {step.seconds} s)  {step.title}")
    total = sum(took.values())
    return [*lines, f"{total:>6.0f} s  in all"]
