"""What jobs/mine_hard_negatives.py says at its end: what it made, what it refused and why, what to run next."""

from collections import Counter

from pipelines.flows.mine_hard_negatives.flow import Done
from pipelines.workspace.arrow_stages import ArrowStages
from schemas.datasets import COUNTERFACTUALS, EMBEDDINGS, HARD_NEGATIVES, SHORTFALLS

SHOWN = 8


def summary(stages: ArrowStages, done: Done) -> str:
    """The last words. Cost: reads the negatives' small columns."""
    rows = stages.read(HARD_NEGATIVES, ["task", "source"])
    by = Counter(zip(rows.column("task").to_pylist(), rows.column("source").to_pylist(), strict=True))
    report = stages.workspace.published(HARD_NEGATIVES.name).report
    lines = [
        f"\nHard negatives in {stages.workspace.folder.uri}: {len(rows):,} for {report['pairs']:,} pairs",
        *[f"  {task:<16} {source:<6} {count:>11,}" for (task, source), count in sorted(by.items())],
        "",
        done.told,
        f"{report['candidates']:,} candidates, {report['left']:,} left by the guard",
        *_counts(report["taken"]),
        *_refused(stages),
        *_short(stages),
        "",
        f"Look at them: .venv/bin/python -c \"import duckdb; duckdb.connect('{stages.workspace.folder.uri}/workspace.duckdb')"
        ".sql('from hard_negatives limit 5').show()\"",
    ]
    return "\n".join(lines) + "\n"


def _refused(stages: ArrowStages) -> list[str]:
    embedded = stages.workspace.published(EMBEDDINGS.name)
    reasons = Counter(reason for reason in stages.read(EMBEDDINGS, ["reason"]).column("reason").to_pylist() if reason)
    made = stages.workspace.published(COUNTERFACTUALS.name).counts
    lines = [
        f"{embedded.counts.rows_out:,} vectors, {embedded.report['new']:,} of them new in that run, {reasons.total():,} refused"
    ]
    lines += _counts(reasons)
    return [*lines, f"{made.rows_out:,} rule-made negatives", *_counts(made.dropped)]


def _short(stages: ArrowStages) -> list[str]:
    reasons = Counter(stages.read(SHORTFALLS, ["reason"]).column("reason").to_pylist())
    return [f"{reasons.total():,} pairs are short of negatives (dataset shortfalls), mostly because of", *_counts(reasons)]


def _counts(counts: dict[str, int]) -> list[str]:
    most = sorted(counts.items(), key=lambda entry: (-entry[1], entry[0]))[:SHOWN]
    return [f"  {count:>11,}  {reason}" for reason, count in most]
