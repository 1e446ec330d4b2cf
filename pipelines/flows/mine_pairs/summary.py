"""Closing summary of the job: pairs, balance, dropped and refused rows by reason, splits, next step."""

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from pyspark.sql import Row
from pyspark.sql import functions as F

from pipelines.mining.intake.field_faults import UNREAD_FIELDS
from pipelines.sources.sample_corpus.truth.precision_recall import TruthMeasure
from pipelines.sources.sample_corpus.truth.report import truth_report
from pipelines.workspace.filesystem import open_filesystem
from pipelines.workspace.spark_stages import Stages
from pipelines.workspace.workspace import Workspace
from schemas.datasets import COMPONENTS, IMAGES, ITEMS, NOTES, POSITIVES, QUARANTINE
from schemas.granularity import GRANULARITY_NAMES
from schemas.intermediate import MINED, PICTURE_PAIRS
from schemas.relations import NOTE_TIES, VARIANTS
from schemas.table import Table

LISTED_STRATA = 10
LARGE_NOTES, LARGE_SHARE = 50, 0.05
"""Size from which a component is named: both must hold."""
TRUTH_TABLES = (NOTES, IMAGES, POSITIVES, QUARANTINE, COMPONENTS)


def summary(stages: Stages, truth: Path | None, warnings: Sequence[str] = ()) -> str:
    """The tables that the job prints last; with a truth folder, precision and recall against it; then the warnings.

    Cost: one aggregation over the positives; a corpus with truth is small and is read whole.
    """
    workspace = stages.workspace
    blocks = [
        f"\nMined into {workspace.folder.uri}",
        _granularities(stages),
        _strata(workspace),
        _dropped(workspace),
        _refused(stages),
        _unread_fields(workspace),
        _splits(workspace),
        _large_components(stages),
    ]
    if truth is not None:
        tables = {table.name: load(workspace, table) for table in TRUTH_TABLES}
        blocks.append("Against the corpus's truth\n" + _measures(truth_report(truth, tables)))
    blocks += [f"Warning: {warning}" for warning in warnings]
    blocks.append(_next_step(workspace))
    return "\n\n".join(block for block in blocks if block) + "\n"


def load(workspace: Workspace, table: Table) -> pa.Table:
    """A dataset's rows in memory."""
    opened = [open_filesystem(file) for file in workspace.files(table.name)]
    return pa.concat_tables(pq.read_table(path, filesystem=system) for system, path in opened)


def aligned(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table in plain text: the first column to the left, the others to the right."""
    lines = [list(head), *[list(row) for row in rows]]
    widths = [max(len(line[k]) for line in lines) for k in range(len(head))]
    return "\n".join(
        "  "
        + "  ".join([line[0].ljust(widths[0]), *[cell.rjust(w) for cell, w in zip(line[1:], widths[1:], strict=True)]]).rstrip()
        for line in lines
    )


def _granularities(stages: Stages) -> str:
    note = F.explode(F.array("query.note_id", "target.note_id"))
    pairs = stages.read(POSITIVES).select("granularity", "score", "query", "target")
    scores = pairs.groupBy("granularity").agg(F.count("*").alias("pairs"), F.median("score").alias("score"))
    covered = (
        pairs.select("granularity", note.alias("note_id"))
        .groupBy("granularity")
        .agg(F.count_distinct("note_id").alias("notes"))
    )
    counts = {row["granularity"]: row for row in scores.join(covered, on="granularity", how="inner").collect()}
    rows = [[name, *_granularity_cells(counts.get(name))] for name in GRANULARITY_NAMES]
    variants = stages.workspace.published(VARIANTS.name).counts.rows_out
    beside = f"  {variants:,} variants: one layout, view or product with other content; no positives, and no negatives"
    return aligned(["granularity", "pairs", "notes covered", "median score"], rows) + f"\n{beside}"


def _granularity_cells(row: Row | None) -> list[str]:
    return ["0", "0", "-"] if row is None else [f"{row['pairs']:,}", f"{row['notes']:,}", f"{row['score']:.3f}"]


def _strata(workspace: Workspace) -> str:
    """The largest strata before and after the balance, if it dropped notes."""
    report = workspace.published(NOTES.name).report
    strata = report["strata"]
    if all(stratum["before"] == stratum["after"] for stratum in strata):
        return f"Balance: nothing dropped, {report['strata_in_all']:,} strata of topic and image count"
    rows = [
        [str(stratum["topic"]), str(stratum["image_count"]), f"{stratum['before']:,}", f"{stratum['after']:,}"]
        for stratum in strata[:LISTED_STRATA]
    ]
    head = f"Balance: the largest of {report['strata_in_all']:,} strata of topic and image count"
    return f"{head}\n" + aligned(["topic", "images", "before", "after"], rows)


def _dropped(workspace: Workspace) -> str:
    tables = [NOTES, IMAGES, PICTURE_PAIRS, *MINED.values(), VARIANTS, COMPONENTS, POSITIVES]
    rows = [
        [table.name.removeprefix("mined/"), f"{n:,}", reason]
        for table in tables
        for reason, n in workspace.published(table.name).counts.dropped.items()
    ]
    width = max((len(row[0]) for row in rows), default=0)
    lines = [f"  {name.ljust(width)}  {n.rjust(11)}  {reason}" for name, n, reason in rows]
    return "Dropped, by table and reason\n" + "\n".join(lines) if lines else ""


def _refused(stages: Stages) -> str:
    rows = (
        stages.read(QUARANTINE).groupBy("source", "reason").count().orderBy("source", F.col("count").desc(), "reason").collect()
    )
    if not rows:
        return "Refused: nothing"
    lines = [f"  {row['source']:<7} {row['count']:>11,}  {row['reason']}" for row in rows]
    return "Refused (dataset quarantine)\n" + "\n".join(lines)


def _unread_fields(workspace: Workspace) -> str:
    """Fields that could not be read, of rows that were kept or refused, with an example of each column."""
    rows = [
        (source, row)
        for source, table in (("notes", NOTES), ("clicks", MINED["co_click"]))
        for row in workspace.published(table.name).report.get(UNREAD_FIELDS, [])
    ]
    if not rows:
        return ""
    lines = [f"  {source:<7} {row['rows']:>11,}  {row['column']}{_example(source, row['example'])}" for source, row in rows]
    return "Values that could not be read (null in their rows), and odd rows\n" + "\n".join(lines)


def _example(source: str, example: str) -> str:
    return f", {'such as' if source == 'notes' else 'of a form like'} {example!r}" if example else ""


def _splits(workspace: Workspace) -> str:
    certificate = workspace.published(POSITIVES.name).report
    return "Splits\n" + "\n".join(f"  {name.replace('_', ' ')}: {_plain(value)}" for name, value in certificate.items())


def _large_components(stages: Stages) -> str:
    """The components with more than LARGE_SHARE of the notes, at most three, with what ties them."""
    placed = stages.read(COMPONENTS)
    least = max(LARGE_NOTES, LARGE_SHARE * stages.workspace.published(COMPONENTS.name).counts.rows_out)
    sizes = placed.where(F.col("size") > least).groupBy("component_id").agg(F.max("size").alias("size"))
    found = sizes.orderBy(F.col("size").desc(), "component_id").limit(3).collect()
    if not found:
        return ""
    note = placed.select(F.col("note_id").alias("note_id_l"), "component_id")
    ties = stages.read(NOTE_TIES).join(note, on="note_id_l", how="inner")
    counted = ties.where(F.col("component_id").isin([row["component_id"] for row in found]))
    reasons: dict[str, list[str]] = {}
    for row in counted.groupBy("component_id", "reason").count().orderBy(F.col("count").desc(), "reason").collect():
        reasons.setdefault(row["component_id"], []).append(f"{row['count']:,} of {row['reason']}")
    lines = [f"  {row['component_id']}: {row['size']:,} notes, by {', '.join(reasons[row['component_id']])}" for row in found]
    return "Large components, with the ties of their notes (view note_ties)\n" + "\n".join(lines)


def _plain(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{k} {_plain(v)}" for k, v in value.items())
    return f"{value:.4f}" if isinstance(value, float) else f"{value:,}" if isinstance(value, int) else str(value)


def _measures(rows: Sequence[TruthMeasure]) -> str:
    """Each measure as a whole, and its parts that are not perfect."""
    listed = [row for row in rows if not row.part or row.matched < row.expected]
    cells = [
        [
            f"  {row.part}" if row.part else row.measure,
            f"{row.matched:,} of {row.expected:,}",
            _share(row.recall),
            _share(row.precision),
        ]
        for row in listed
    ]
    return aligned(["", "found", "recall", "precision"], cells)


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def _next_step(workspace: Workspace) -> str:
    items = workspace.published(ITEMS.name).counts.rows_out
    query = f"import duckdb; duckdb.connect('{workspace.folder.uri}/workspace.duckdb').sql('from positives limit 5').show()"
    return f'{items:,} items. View the pairs: .venv/bin/python -c "{query}"'
