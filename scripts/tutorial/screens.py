"""First and last screen of `make demo`."""

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb

from scripts.tutorial.page import Step
from scripts.tutorial.run import BlockRun, complaint


def opening(steps: Sequence[Step], folder: Path) -> str:
    """List the steps, what each makes and how long it takes."""
    minutes = sum(step.seconds for step in steps) / 60
    lines = [
        f"docs/tutorial.md on the sample corpus of 400 notes: {len(steps)} steps, {minutes:.0f} minutes on two cores.",
        f"All goes to {folder / 'out'}; nothing is downloaded, no GPU is used. Ctrl-C stops it.",
        "",
    ]
    lines += [f"{step.number:>3}  {step.title:<26}{step.seconds:>4} s   {step.makes}" for step in steps]
    return "\n".join(lines) + "\n"


def closing(workspace: Path, ran: Sequence[BlockRun], steps: Sequence[Step]) -> str:
    """Summarise the workspace, the time taken, and what to look at next."""
    with duckdb.connect(str(workspace / "workspace.duckdb"), read_only=True) as database:
        lines = [
            f"Contents of {workspace}",
            "",
            f"  notes        {_through(database, 'notes')}",
            f"  pictures     {_through(database, 'images')}",
            f"  pairs        {_counted(database, 'positives', 'granularity')}",
            f"  negatives    {_counted(database, 'hard_negatives', 'source')}",
            f"  judge        {_judge(database)}",
            f"  shards       {_shards(database)}",
        ]
    lines += [f"  recall@1     {_recall(workspace / 'evaluated')}", "", *_seconds(ran, steps), ""]
    complaints = [text for each in ran if (text := complaint(each))]
    lines += complaints or [f"All {len(ran)} commands printed what the page says."]
    lines += [
        "",
        f"Look:  {workspace / 'report.html'} in a browser; queries for {workspace / 'workspace.duckdb'}: docs/reference/sql.md",
        "Next:  your own notes: docs/how-to/own-data.md",
    ]
    return "\n".join(lines) + "\n"


def _one(database: duckdb.DuckDBPyConnection, query: str) -> tuple[Any, ...]:
    return database.execute(query).fetchone() or ()


def _through(database: duckdb.DuckDBPyConnection, dataset: str) -> str:
    """The funnel of a dataset in a line."""
    counts = dict(database.execute("select what, rows from funnel() where dataset = ?", [dataset]).fetchall())
    refused = sum(rows for what, rows in counts.items() if what.startswith("dropped: refused"))
    left = sum(rows for what, rows in counts.items() if what.startswith("dropped:")) - refused
    return f"{counts['in']:,} in, {refused:,} refused, {left:,} dropped, {counts['out']:,} kept"


def _counted(database: duckdb.DuckDBPyConnection, view: str, by: str) -> str:
    rows_by = database.execute(f"select {by}, count(*) from {view} group by all order by 2, 1").fetchall()
    return ", ".join(f"{rows:,} {name}" for name, rows in rows_by)


def _judge(database: duckdb.DuckDBPyConnection) -> str:
    [report] = _one(database, "select report from runs where dataset = 'judgements'")
    judged_run = json.loads(report)
    [judged] = _one(database, "select count(*) from judgements where calibrated is not null")
    return f"{judged:,} pairs judged by {judged_run['judge']}; {judged_run['calibration']}"


def _shards(database: duckdb.DuckDBPyConnection) -> str:
    rows_by = database.execute(
        "select dataset, rows_out from runs where dataset similar to '(sft|rl)/(train|validation|test)' order by place"
    ).fetchall()
    return ", ".join(f"{name} {rows:,}" for name, rows in rows_by)


def _recall(evaluated: Path) -> str:
    """The mean of the meta tasks before and after, and by how many queries."""
    means, queries = {}, 0
    for name in ("start", "trained"):
        metrics = json.loads((evaluated / name / "metrics.json").read_text(encoding="utf8"))
        whole = metrics["at"][str(metrics["dimensions"])]
        values = [numbers["recall@1"][0] for task, numbers in whole["meta"].items() if task != "across notes"]
        means[name] = 100 * sum(values) / len(values)
        queries = sum(numbers["queries"] for numbers in whole["tasks"].values())
    return (
        f"{means['start']:.1f} % before training, {means['trained']:.1f} % after: too few steps and too few queries "
        f"({queries:,}) to conclude anything"
    )


def _seconds(ran: Sequence[BlockRun], steps: Iterable[Step]) -> list[str]:
    """Seconds of each step, and the page's."""
    took: Mapping[int, float] = {each.block.line: each.seconds for each in ran}
    lines = []
    for step in steps:
        here = sum(took.get(block.line, 0.0) for block in step.blocks)
        lines.append(f"{here:>6.0f} s  (the page: {step.seconds} s)  {step.title}")
    total = sum(took.values())
    return [*lines, f"{total:>6.0f} s  in all"]
