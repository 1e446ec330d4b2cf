"""Spark's tasks write the files of the shards."""

import json
from collections.abc import Iterable, Iterator
from functools import partial
from typing import Any, NamedTuple

import pyarrow as pa
from pyspark.sql import DataFrame

from pipelines.items.spark_columns import spark_type
from pipelines.shards.files.assign_shards import Shards
from pipelines.shards.files.shard_files import WRITTEN, by_shard, pictures_file, rows_file, summed, written
from pipelines.workspace.manifest import DataFile
from pipelines.workspace.run_folder import Run
from schemas.shards import PICTURES, PICTURES_ENDING

ROWS_ENDING = ".parquet"
TASKS_A_CORE = 4
"""Shuffle partitions for each core, at most: a task writes its shards one after another."""
TOLD = ", ".join(f"{f.name} {spark_type(f.type)}" for f in WRITTEN)


class Written(NamedTuple):
    """The files of a split."""

    rows: list[DataFile]
    pictures: list[DataFile]
    counts: dict[str, dict[str, int]]
    """Of all rows (`files.counts`)."""


class _Place(NamedTuple):
    """Where files of one kind go."""

    folder: str
    columns: pa.Schema
    ending: str

    def path(self, shard: int) -> str:
        return f"{shard:05}{self.ending}"

    def content(self, rows: pa.Table) -> bytes:
        return pictures_file(rows) if self.ending == PICTURES_ENDING else rows_file(rows)


def write_shards(shards: Shards, columns: pa.Schema, run: Run) -> Written:
    """Write both files of each shard: that of its rows and that of its pictures.

    A task that is tried again writes the same bytes over its own. The run's folder is not current until it is published.

    Cost: a task holds one shard at a time, its pictures up to three times.
    """
    folder = run.folder.uri
    rows = _files(shards.rows, shards.number, "position", _Place(folder, columns, ROWS_ENDING))
    pictures = _files(shards.pictures, shards.number, "image_id", _Place(folder, PICTURES, PICTURES_ENDING))
    counts = summed(json.loads(str(row["counts"])) for row in rows)
    return Written(described(rows, run), described(pictures, run), counts)


def described(told: Iterable[dict[str, Any]], run: Run) -> list[DataFile]:
    """WRITTEN rows as the manifest has them, by path."""
    files = [
        DataFile(path=f"{run.path}/{row['path']}", rows=row["rows"], size_bytes=row["size_bytes"], sha256=row["sha256"])
        for row in told
    ]
    return sorted(files, key=lambda file: file.path)


def _files(frame: DataFrame, number: int, order: str, place: _Place) -> list[dict[str, Any]]:
    """WRITTEN rows: one file for each shard, also where there is no row for it: a reader finds both of every shard."""
    tasks = min(number, TASKS_A_CORE * frame.sparkSession.sparkContext.defaultParallelism)
    spread = frame.repartition(tasks, "shard").sortWithinPartitions("shard", order)
    told = spread.mapInArrow(partial(_write, place), TOLD).toArrow().to_pylist()
    have = {row["path"] for row in told}
    for path in (path for shard in range(number) if (path := place.path(shard)) not in have):
        nothing = place.columns.empty_table()
        told += written(place.folder, path, nothing, place.content(nothing)).to_pylist()
    return told


def _write(place: _Place, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    for shard, rows in by_shard(batches, place.columns):
        yield written(place.folder, place.path(shard), rows, place.content(rows))
