"""Spark tasks write the files of the shards."""

import json
from collections.abc import Iterable, Iterator
from functools import partial
from typing import Any, NamedTuple

import pyarrow as pa
from pyspark.sql import DataFrame

from pipelines.items.spark_columns import spark_type
from pipelines.shards.files.assign_shards import ShardAssignment
from pipelines.shards.files.shard_files import FILE_RECORD, by_shard, pictures_file, rows_file, sum_counts, write_file
from pipelines.workspace.manifest import DataFile
from pipelines.workspace.run_folder import Run
from schemas.shards import PICTURES, PICTURES_ENDING

ROWS_ENDING = ".parquet"
TASKS_A_CORE = 4
"""Shuffle partitions per core, at most: a task writes its shards one after another."""
FILE_RECORD_DDL = ", ".join(f"{f.name} {spark_type(f.type)}" for f in FILE_RECORD)


class WrittenFiles(NamedTuple):
    """The files of a split."""

    rows: list[DataFile]
    pictures: list[DataFile]
    counts: dict[str, dict[str, int]]
    """Counts over all rows (`shard_files.counts`)."""


class _FileKind(NamedTuple):
    """The folder, columns and file name suffix of row files or picture files."""

    folder: str
    columns: pa.Schema
    ending: str

    def path(self, shard: int) -> str:
        return f"{shard:05}{self.ending}"

    def content(self, rows: pa.Table) -> bytes:
        return pictures_file(rows) if self.ending == PICTURES_ENDING else rows_file(rows)


def write_shards(shards: ShardAssignment, columns: pa.Schema, run: Run) -> WrittenFiles:
    """Write both files of each shard: that of its rows and that of its pictures.

    A task that is retried overwrites its files with the same bytes. The run's folder is not current until it is published.

    Cost: a task has one shard in memory at a time, its pictures up to three times.
    """
    folder = run.folder.uri
    rows = _files(shards.rows, shards.number, "position", _FileKind(folder, columns, ROWS_ENDING))
    pictures = _files(shards.pictures, shards.number, "image_id", _FileKind(folder, PICTURES, PICTURES_ENDING))
    counts = sum_counts(json.loads(str(row["counts"])) for row in rows)
    return WrittenFiles(data_files(rows, run), data_files(pictures, run), counts)


def data_files(records: Iterable[dict[str, Any]], run: Run) -> list[DataFile]:
    """FILE_RECORD rows as the manifest's files, sorted by path."""
    files = [
        DataFile(path=f"{run.path}/{row['path']}", rows=row["rows"], size_bytes=row["size_bytes"], sha256=row["sha256"])
        for row in records
    ]
    return sorted(files, key=lambda file: file.path)


def _files(frame: DataFrame, number: int, order: str, kind: _FileKind) -> list[dict[str, Any]]:
    """Write one file per shard, also for a shard without rows, since readers expect both files; returns FILE_RECORD rows."""
    tasks = min(number, TASKS_A_CORE * frame.sparkSession.sparkContext.defaultParallelism)
    spread = frame.repartition(tasks, "shard").sortWithinPartitions("shard", order)
    records = spread.mapInArrow(partial(_write, kind), FILE_RECORD_DDL).toArrow().to_pylist()
    written = {row["path"] for row in records}
    for path in (path for shard in range(number) if (path := kind.path(shard)) not in written):
        empty = kind.columns.empty_table()
        records += write_file(kind.folder, path, empty, kind.content(empty)).to_pylist()
    return records


def _write(kind: _FileKind, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    for shard, rows in by_shard(batches, kind.columns):
        yield write_file(kind.folder, kind.path(shard), rows, kind.content(rows))
