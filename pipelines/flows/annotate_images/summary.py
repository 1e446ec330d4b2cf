"""What jobs/annotate_images.py says at its end: what it made, what it refused and why, what to run next."""

from collections import Counter

from pipelines.workspace.arrow_stages import ArrowStages
from schemas.datasets import ANNOTATIONS, ITEMS, POSITIVES
from schemas.intermediate import ANNOTATED


def summary(stages: ArrowStages) -> str:
    """The last words."""
    said = stages.read(ANNOTATIONS, ["kind", "reason"])
    kinds = Counter(zip(*(said.column(name).to_pylist() for name in said.column_names), strict=True))
    pairs = stages.workspace.published(ANNOTATED.name)
    tasks = Counter(stages.read(POSITIVES, ["task"]).column("task").to_pylist())
    lines = [
        f"\nAnnotated in {stages.workspace.folder.uri}: {len(said):,} rows",
        *[f"  {kind:<12} {count:>9,}  {reason or 'with a text'}" for (kind, reason), count in sorted(kinds.items(), key=str)],
        "",
        f"{pairs.report['pairs']:,} pairs of annotations; "
        f"{pairs.report['described']:,} notes with a description in a picture's place",
        *[f"  {count:>11,}  not made: {reason}" for reason, count in pairs.counts.dropped.items()],
        *[f"  {count:>11,}  left: {reason}" for reason, count in pairs.report["left"].items()],
        f"{stages.workspace.published(POSITIVES.name).counts.rows_out:,} positives, "
        f"{stages.workspace.published(ITEMS.name).counts.rows_out:,} items",
        *[f"  {task:<16} {count:>9,}" for task, count in sorted(tasks.items())],
        "",
        f"Next: .venv/bin/python jobs/mine_hard_negatives.py --workspace {stages.workspace.folder.uri}",
    ]
    return "\n".join(lines) + "\n"
