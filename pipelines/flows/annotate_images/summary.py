"""The closing summary of jobs/annotate_images.py: annotations and pairs, what was dropped and why, the next command."""

from collections import Counter

from pipelines.workspace.arrow_stages import ArrowStages
from schemas.datasets import ANNOTATIONS, ITEMS, POSITIVES
from schemas.intermediate import ANNOTATED


def summary(stages: ArrowStages) -> str:
    """The closing summary. Cost: reads two columns of the annotations and one of the positives."""
    rows = stages.read(ANNOTATIONS, ["kind", "reason"])
    outcomes = Counter(zip(*(rows.column(name).to_pylist() for name in rows.column_names), strict=True))
    pairs = stages.workspace.published(ANNOTATED.name)
    tasks = Counter(stages.read(POSITIVES, ["task"]).column("task").to_pylist())
    lines = [
        f"\nAnnotated in {stages.workspace.folder.uri}: {len(rows):,} rows",
        *[f"  {kind:<12} {count:>9,}  {reason or 'with text'}" for (kind, reason), count in sorted(outcomes.items(), key=str)],
        "",
        f"{pairs.report['pairs']:,} pairs from annotations; "
        f"{pairs.report['described']:,} notes with a description in place of a picture",
        *[f"  {count:>11,}  dropped: {reason}" for reason, count in pairs.counts.dropped.items()],
        *[f"  {count:>11,}  not replaced: {reason}" for reason, count in pairs.report["left"].items()],
        f"{stages.workspace.published(POSITIVES.name).counts.rows_out:,} positives, "
        f"{stages.workspace.published(ITEMS.name).counts.rows_out:,} items",
        *[f"  {task:<16} {count:>9,}" for task, count in sorted(tasks.items())],
        "",
        f"Next: .venv/bin/python jobs/mine_hard_negatives.py --workspace {stages.workspace.folder.uri}",
    ]
    return "\n".join(lines) + "\n"
