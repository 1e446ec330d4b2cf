"""Runs a job's stages in order: skips what has not changed, publishes what has."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

from pyspark.sql import DataFrame, SparkSession

from pipelines.items.spark_columns import spark_type
from pipelines.workspace.code_fingerprint import Step
from pipelines.workspace.duckdb.repair_publication import settle
from pipelines.workspace.duckdb.views import write_views
from pipelines.workspace.manifest import Manifest
from pipelines.workspace.progress_line import log_progress
from pipelines.workspace.run_folder import Run
from pipelines.workspace.spark_io import write_run
from pipelines.workspace.spark_progress import progress
from pipelines.workspace.stage_output import Output, StageFiles
from pipelines.workspace.stage_plan import Plan, counted, manifest, planned, stale
from pipelines.workspace.workspace import Workspace
from schemas.table import Table

SPARK = "pipelines.engines.spark_result_settings"
"""Session settings that affect results, and so count as code."""
PACKAGES = ("pyspark", "pyarrow", "numpy", "pillow", "opencv-python-headless", "pdqhash")


class Stages:
    """The stages of one job on one workspace."""

    def __init__(self, spark: SparkSession, workspace: Workspace) -> None:
        """Store session and workspace; reads and writes nothing."""
        self.spark = spark
        self.workspace = workspace
        self._views_checked = False

    def run(
        self,
        tables: Sequence[Table],
        make: Callable[[], Sequence[Output]],
        *,
        inputs: Mapping[str, str],
        settings: Mapping[str, Any],
        code: Step | Sequence[Step],
    ) -> None:
        """Publish the tables that `make` returns, unless they are already published from the same inputs.

        Args:
            tables: what is published; the stage is named after the first.
            make: called only if something changed; returns one Output per table.
            inputs: a fingerprint for each input.
            settings: the settings that affect the rows, by section.
            code: the step, or several if `make` calls several; their code is fingerprinted.
        """
        plan = planned(tables, inputs, settings, code, write_run, SPARK)
        stage, missing = tables[0].name, stale(self.workspace, tables, plan)
        self._settle(tables, missing)
        if not missing:
            log_progress(f"{stage}: unchanged, skipped ({self.workspace.published(stage).counts.rows_out:,} rows)")
            return
        log_progress(f"{stage}: working")
        started = time.monotonic()
        with progress(self.spark.sparkContext, stage):
            # After a kill between two of a stage's tables the first is already published.
            outputs = [pair for pair in zip(tables, make(), strict=True) if pair[0] in missing]
            # Small tables spend their time on planning and task startup, so they are written in parallel.
            with ThreadPoolExecutor(len(outputs)) as writers, self._cancel_on_error():
                written = list(writers.map(lambda pair: self._written(pair[0], pair[1], plan), outputs))
            for manifest in written:
                self.workspace.publish(manifest)
        self.spark.catalog.clearCache()  # what a step persisted for its several tables
        write_views(self.workspace)
        log_progress(f"{stage}: {self.workspace.published(stage).counts.rows_out:,} rows in {time.monotonic() - started:.1f} s")

    def run_files(
        self,
        tables: Sequence[Table],
        write: Callable[[Table, Run], StageFiles],
        *,
        inputs: Mapping[str, str],
        settings: Mapping[str, Any],
        code: Step | Sequence[Step],
    ) -> None:
        """Run a stage as `run` does, for a step that writes its files itself.

        Args:
            tables: what is published, all together, when the files of all are written.
            write: called for each stale table, with the folder of its run; the files are not published
                until then, and are written again if the job is killed.
            inputs: see `run`.
            settings: see `run`.
            code: see `run`.
        """
        plan = planned(tables, inputs, settings, code, SPARK)
        stage, missing = tables[0].name, stale(self.workspace, tables, plan)
        self._settle(tables, missing)
        if not missing:
            log_progress(f"{stage}: unchanged, skipped ({self.workspace.published(stage).counts.rows_out:,} rows)")
            return
        for run in [self._write_files(table, write, plan) for table in missing]:
            self.workspace.publish(run)
        write_views(self.workspace)

    def _write_files(self, table: Table, write: Callable[[Table, Run], StageFiles], plan: Plan) -> Manifest:
        log_progress(f"{table.name}: working")
        started = time.monotonic()
        with progress(self.spark.sparkContext, table.name):
            output = write(table, self.workspace.new_run(table.name, plan.run_id))
        self.spark.catalog.clearCache()
        counts = counted(table, output.rows_in, sum(f.rows for f in output.files), output.dropped)
        seconds = time.monotonic() - started
        log_progress(f"{table.name}: {counts.rows_out:,} rows in {seconds:.1f} s")
        return manifest(
            table, plan, output.files, counts, seconds=seconds, packages=PACKAGES, report=output.report, beside=output.beside
        )

    @contextmanager
    def _cancel_on_error(self) -> Iterator[None]:
        """Cancel Spark's jobs on an error, so that writer threads end when this job is interrupted or replaced."""
        try:
            yield
        except BaseException:
            self.spark.sparkContext.cancelAllJobs()
            raise

    def _settle(self, tables: Sequence[Table], missing: Sequence[Table]) -> None:
        settle(self.workspace, [table for table in tables if table not in missing], views=not self._views_checked)
        self._views_checked = True

    def read(self, table: Table) -> DataFrame:
        """Read the current rows of a table, with exactly its columns."""
        return self._rows(table, self.workspace.files(table.name))

    def empty(self, table: Table) -> DataFrame:
        """Return no rows, with the table's columns."""
        return self.spark.createDataFrame(table.columns.empty_table())

    def fingerprints(self, *tables: Table) -> dict[str, str]:
        """Fingerprints of tables that a stage reads: of their rows, not of how they were made."""
        return {t.name: self.workspace.published(t.name).fingerprint for t in tables}

    def file_fingerprints(self, *tables: Table) -> dict[str, str]:
        """Further fingerprints of a stage that opens files named in the rows: these include the files' locations."""
        return {f"{t.name}: files": self.workspace.published(t.name).file_fingerprint for t in tables}

    def read_or_empty(self, table: Table) -> DataFrame:
        """Read a table, or return no rows if it has not been published."""
        return self.read(table) if self.workspace.manifest(table.name) else self.empty(table)

    def _rows(self, table: Table, files: Sequence[str]) -> DataFrame:
        ddl = ", ".join(f"`{c.name}` {spark_type(c.type)}" for c in table.columns)
        return self.spark.read.schema(ddl).parquet(*files)

    def _written(self, table: Table, output: Output, plan: Plan) -> Manifest:
        started = time.monotonic()
        run = self.workspace.new_run(table.name, plan.run_id)
        files = write_run(output.rows, table, run, persisted=output.persisted, rows_per_file=output.rows_per_file)
        uris = [f"{run.folder.uri}/{file.path.rpartition('/')[2]}" for file in files]
        dropped: dict[str, int] = {}
        for row in output.dropped.collect():
            dropped[row["reason"]] = dropped.get(row["reason"], 0) + int(row["rows"])
        counts = counted(table, output.rows_in, sum(f.rows for f in files), dropped)
        report = output.report(self._rows(table, uris)) if output.report else {}
        seconds = time.monotonic() - started
        return manifest(table, plan, files, counts, seconds=seconds, packages=PACKAGES, report=report)
