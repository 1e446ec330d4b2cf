"""Spark's tasks write the files of the shards."""

import json
from collections.abc import Iterable, Iterator
from functools import partial
from typing import NamedTuple

import pyarrow as pa
from pyspark.sql import DataFrame

from pipelines.items import spark_type
from pipelines.shards.files import WRITTEN, by_shard, pictures_file, rows_file, summed, written
from pipelines.shards.place import Shards
from pipelines.workspace.files import Folder
from pipelines.workspace.manifest import DataFile
from schemas.training import PICTURES, PICTURES_ENDING

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
    run: str
    columns: pa.Schema
    ending: str

    def path(self, shard: int) -> str:
        return f"{self.run}/{shard:05}{self.ending}"

    def content(self, rows: pa.Table) -> bytes:
        return pictures_file(rows) if self.ending == PICTURES_ENDING else rows_file(rows)


def write_shards(shards: Shards, columns: pa.Schema, dataset: Folder, run_id: str) -> Written:
    """Write both files of each shard: that of its rows and that of its pictures.

    A task that is tried again writes the same bytes over its own. The run's folder is not current until it is published.

    Cost: a task holds one shard at a time, its pictures up to three times.
    """
    run = f"runs/{run_id}"
    (dataset / run).delete()
    rows = _files(shards.rows, shards.number, "position", _Place(dataset.uri, run, columns, ROWS_ENDING))
    pictures = _files(shards.pictures, shards.number, "image_id", _Place(dataset.uri, run, PICTURES, PICTURES_ENDING))
    counts = summed(json.loads(str(row["counts"])) for row in rows)
    return Written(described(rows), described(pictures), counts)


def described(told: Iterable[dict[str, object]]) -> list[DataFile]:
    """WRITTEN rows as the manifest has them, by path."""
    files = [DataFile(**{name: row[name] for name in row if name != "counts"}) for row in told]  # type: ignore[arg-type]
    return sorted(files, key=lambda file: file.path)


def _files(frame: DataFrame, number: int, order: str, place: _Place) -> list[dict[str, object]]:
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
