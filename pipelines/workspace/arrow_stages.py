"""Runs the stages of a job whose rows are Arrow tables, as `spark_stages` does for Spark."""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from pipelines.workspace.arrow_io import read_file, write_parts
from pipelines.workspace.code_fingerprint import Step
from pipelines.workspace.duckdb.repair_publication import settle
from pipelines.workspace.duckdb.views import write_views
from pipelines.workspace.manifest import Manifest
from pipelines.workspace.progress_line import log_progress
from pipelines.workspace.stage_plan import Plan, counted, manifest, planned, stale
from pipelines.workspace.workspace import Workspace
from schemas.datasets import IMAGES
from schemas.errors import DataError
from schemas.table import Table

PACKAGES = ("pyarrow", "numpy", "pillow", "opencv-python-headless", "ray")


@dataclass(frozen=True, slots=True, kw_only=True)
class ArrowOutput:
    """Output of a stage for one table."""

    parts: Iterable[pa.Table]
    """Rows in the order of the table's key."""
    dropped: Mapping[str, int] = field(default_factory=dict)
    rows_in: int | None = None
    """Input rows, if the stage filters rows: then rows_in = rows + dropped."""
    report: Mapping[str, Any] = field(default_factory=dict)


class ArrowStages:
    """The stages of one job on one workspace."""

    def __init__(self, workspace: Workspace) -> None:
        """Store the workspace; reads and writes nothing."""
        self.workspace = workspace
        self._views_checked = False

    def run(
        self,
        tables: Sequence[Table],
        make: Callable[[Plan], Sequence[ArrowOutput]],
        *,
        inputs: Mapping[str, str],
        settings: Mapping[str, Any],
        code: Step | Sequence[Step],
    ) -> bool:
        """Run a stage as `spark_stages.Stages.run` does; `make` gets the plan, whose run id names its unfinished work.

        Returns:
            Whether the stage ran.
        """
        plan = planned(tables, inputs, settings, code, write_parts)
        stage, missing = tables[0].name, stale(self.workspace, tables, plan)
        settle(self.workspace, [table for table in tables if table not in missing], views=not self._views_checked)
        self._views_checked = True
        if not missing:
            log_progress(f"{stage}: unchanged, skipped ({self.workspace.published(stage).counts.rows_out:,} rows)")
            return False
        log_progress(f"{stage}: working")
        started = time.monotonic()
        # After a kill between two of a stage's tables the first is already published.
        outputs = [pair for pair in zip(tables, make(plan), strict=True) if pair[0] in missing]
        written = [self._written(table, output, plan, started) for table, output in outputs]
        for run in written:
            self.workspace.publish(run)
        write_views(self.workspace)
        log_progress(f"{stage}: {self.workspace.published(stage).counts.rows_out:,} rows in {time.monotonic() - started:.1f} s")
        return True

    def read(self, table: Table, columns: Sequence[str] | None = None) -> pa.Table:
        """Read the current rows of a table, or some of its columns."""
        schema = table.columns if columns is None else pa.schema([table.columns.field(name) for name in columns])
        files = [read_file(uri, schema.names).cast(_nullable(schema)) for uri in self.workspace.files(table.name)]
        return pa.concat_tables(files).cast(schema) if files else schema.empty_table()

    def read_or_empty(self, table: Table) -> pa.Table:
        """Read a table, or return no rows if it has not been published."""
        return self.read(table) if self.workspace.manifest(table.name) else table.columns.empty_table()

    def images(self) -> pa.Table:
        """Read IMAGES, each with the uri of its file.

        Raises:
            DataError: pictures that were mined from a table of bytes (`--images`) have no uri.
        """
        rows = self.read(IMAGES)
        if rows.column("uri").null_count:
            raise DataError(
                f"images: {rows.column('uri').null_count} of {len(rows)} pictures have no uri (mined from --images); "
                "jobs on Ray read files: write each picture to a file, set its uri in the notes, and mine again"
            )
        return rows

    def fingerprints(self, *tables: Table) -> dict[str, str]:
        """Fingerprints of tables that a stage reads: of their rows; 'none' for a table that has not been published."""
        runs = {t.name: self.workspace.manifest(t.name) for t in tables}
        return {name: run.fingerprint if run else "none" for name, run in runs.items()}

    def file_fingerprints(self, *tables: Table) -> dict[str, str]:
        """Further fingerprints of a stage that opens files named in the rows: these include the files' locations."""
        return {f"{t.name}: files": self.workspace.published(t.name).file_fingerprint for t in tables}

    def _written(self, table: Table, output: ArrowOutput, plan: Plan, started: float) -> Manifest:
        files = write_parts(output.parts, table, self.workspace.new_run(table.name, plan.run_id))
        counts = counted(table, output.rows_in, sum(f.rows for f in files), output.dropped)
        seconds = time.monotonic() - started
        return manifest(table, plan, files, counts, seconds=seconds, packages=PACKAGES, report=output.report)


def _nullable(schema: pa.Schema) -> pa.Schema:
    """Make all columns nullable, as Spark writes them."""
    return pa.schema([column.with_nullable(True) for column in schema])
