"""Closing summary of jobs/mine_hard_negatives.py: what was written, what failed and why, what to run next."""

from collections import Counter

from pipelines.flows.mine_hard_negatives.flow import MiningResult
from pipelines.workspace.arrow_stages import ArrowStages
from schemas.datasets import COUNTERFACTUALS, EMBEDDINGS, HARD_NEGATIVES, SHORTFALLS

MAX_REASONS = 8


def summary(stages: ArrowStages, result: MiningResult) -> str:
    """The closing summary. Cost: reads the negatives' small columns."""
    rows = stages.read(HARD_NEGATIVES, ["task", "source"])
    by = Counter(zip(rows.column("task").to_pylist(), rows.column("source").to_pylist(), strict=True))
    report = stages.workspace.published(HARD_NEGATIVES.name).report
    pairs: dict[str, int] = report["pairs"]
    lines = [
        f"\nHard negatives in {stages.workspace.folder.uri}: {len(rows):,} for {sum(pairs.values()):,} pairs",
        *[_task(task, count, {s: n for (name, s), n in sorted(by.items()) if name == task}) for task, count in pairs.items()],
        "",
        result.band,
        f"{report['candidates']:,} candidates, {report['left']:,} kept by the guard",
        *_counts(report["taken"]),
        *_vectors(stages),
        *_shortfalls(stages),
        "",
        f"Look at them: .venv/bin/python -c \"import duckdb; duckdb.connect('{stages.workspace.folder.uri}/workspace.duckdb')"
        ".sql('from hard_negatives limit 5').show()\"",
    ]
    return "\n".join(lines) + "\n"


def _task(task: str, pairs: int, by_source: dict[str, int]) -> str:
    """Negatives of a pair, and how many there are by source."""
    sources = "".join(f"  {source} {count:>9,}" for source, count in by_source.items())
    return f"  {task:<14} {sum(by_source.values()) / pairs:>5.1f} a pair of {pairs:>9,}{sources}"


def _vectors(stages: ArrowStages) -> list[str]:
    embedded = stages.workspace.published(EMBEDDINGS.name)
    reasons = Counter(reason for reason in stages.read(EMBEDDINGS, ["reason"]).column("reason").to_pylist() if reason)
    counterfactuals = stages.workspace.published(COUNTERFACTUALS.name).counts
    lines = [
        f"{embedded.counts.rows_out:,} vectors, {embedded.report['new']:,} of them new in that run, {reasons.total():,} failed"
    ]
    lines += _counts(reasons)
    return [*lines, f"{counterfactuals.rows_out:,} rule-made negatives", *_counts(counterfactuals.dropped)]


def _shortfalls(stages: ArrowStages) -> list[str]:
    reasons = Counter(stages.read(SHORTFALLS, ["reason"]).column("reason").to_pylist())
    return [f"{reasons.total():,} pairs have too few negatives (dataset shortfalls), mostly because of", *_counts(reasons)]


def _counts(counts: dict[str, int]) -> list[str]:
    top = sorted(counts.items(), key=lambda entry: (-entry[1], entry[0]))[:MAX_REASONS]
    return [f"  {count:>11,}  {reason}" for reason, count in top]
