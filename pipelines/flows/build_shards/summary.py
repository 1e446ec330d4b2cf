"""Closing summary of jobs/build_shards.py: the shards, what was dropped and why, and the next command."""

from pipelines.shards.files.intermediate_tables import RL_ROWS, SFT_ROWS, SHARD_PICTURES, TRAINING
from pipelines.workspace.manifest import Manifest
from pipelines.workspace.workspace import Workspace


def summary(workspace: Workspace) -> str:
    """The summary, from the manifests only."""
    where = workspace.folder.uri
    lines = [f"\nShards in {where}"]
    for splits in TRAINING.values():
        lines += [_split(workspace.published(table.name)) for table in splits]
    for kind, columns in (
        ("sft", ("task", "granularity", "label_from", "candidates", "rows")),
        ("rl", ("source", "candidates")),
    ):
        report = workspace.published(f"{kind}/train").report["counts"]
        lines += ["", f"{kind}/train", *[f"  {name}: {_counts(report.get(name, {}))}" for name in columns]]
    lines += ["", *_left_out(workspace), "", f"next: python -m uninote_train sft --shards {where}/sft"]
    return "\n".join(lines) + "\n"


def _split(run: Manifest) -> str:
    size = sum(file.size_bytes for file in [*run.files, *run.beside]) / 1e6
    pictures = sum(file.rows for file in run.beside)
    return (
        f"  {run.dataset:<15} {run.counts.rows_out:>11,} rows in {run.report['shards']:,} shards, "
        f"{pictures:,} pictures, {size:,.1f} MB"
    )


def _left_out(workspace: Workspace) -> list[str]:
    """Rows and candidates that are not in the shards, by reason."""
    lines = ["Left out, by dataset and reason"]
    for table in (SFT_ROWS, RL_ROWS, *TRAINING["sft"], *TRAINING["rl"]):
        dropped = workspace.published(table.name).counts.dropped
        lines += [f"  {table.name:<15} {rows:>11,}  {reason}" for reason, rows in dropped.items()]
    rows = workspace.published(SFT_ROWS.name).report
    lines += [f"  {'candidates':<15} {n:>11,}  {reason}" for reason, n in rows["candidates_left_out"].items() if n]
    refused = workspace.published(SHARD_PICTURES.name).report["refused"]
    lines += [f"  {'pictures':<15} {n:>11,}  {reason}" for reason, n in refused.items()]
    lists = workspace.published(RL_ROWS.name).report
    lines += [f"  {'lists':<15} {n:>11,}  {reason}" for reason, n in lists.items() if n]
    lines.append(f"  {rows['rows_without_negatives']:,} training rows without hard negatives are kept")
    return lines


def _counts(counts: dict[str, int]) -> str:
    return ", ".join(f"{name} {n:,}" for name, n in counts.items()) or "none"
