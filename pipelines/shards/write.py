"""Spark's tasks write the files of the shards."""

from collections.abc import Callable, Iterable, Iterator
from functools import partial

import pyarrow as pa
from pyspark.sql import DataFrame

from pipelines.items import spark_type
from pipelines.shards.files import WRITTEN, by_shard, pictures_file, rows_file, written
from pipelines.shards.place import Shards
from pipelines.workspace.files import Folder
from pipelines.workspace.manifest import DataFile
from schemas.training import PICTURES, PICTURES_ENDING

ROWS_ENDING = ".parquet"
SHARDS_AT_A_TIME = 4
"""Shuffle partitions for each core, at most: a task writes its shards one after another."""

Content = Callable[[pa.Table], bytes]


def write_shards(shards: Shards, columns: pa.Schema, dataset: Folder, run_id: str) -> tuple[list[DataFile], list[DataFile]]:
    """Write both files of each shard: those of rows and those of pictures, in order.

    A task that is tried again writes the same bytes over its own. The run's folder is not current until it is published.

    Cost: a task holds one shard at a time, its pictures up to three times.
    """
    run = f"runs/{run_id}"
    (dataset / run).delete()
    kinds = [
        (shards.rows, "position", columns, ROWS_ENDING, rows_file),
        (shards.pictures, "image_id", PICTURES, PICTURES_ENDING, pictures_file),
    ]
    rows, pictures = (
        _files(
            frame,
            shards.number,
            order,
            partial(_write, dataset.uri, run, kind, ending, content),
            (dataset.uri, run, kind, ending, content),
        )
        for frame, order, kind, ending, content in kinds
    )
    return rows, pictures


def _files(
    frame: DataFrame,
    count: int,
    order: str,
    write: Callable[[Iterable[pa.RecordBatch]], Iterator[pa.RecordBatch]],
    empty: tuple[str, str, pa.Schema, str, Content],
) -> list[DataFile]:
    """One file for each shard, also for one without rows."""
    tasks = min(count, SHARDS_AT_A_TIME * frame.sparkSession.sparkContext.defaultParallelism)
    spread = frame.repartition(max(1, tasks), "shard").sortWithinPartitions("shard", order)
    told = spread.mapInArrow(write, ", ".join(f"{f.name} {spark_type(f.type)}" for f in WRITTEN)).toArrow().to_pylist()
    have = {row["path"]: row for row in told}
    folder, run, kind, ending, content = empty
    for path in [f"{run}/{shard:05}{ending}" for shard in range(count)]:
        if path not in have:
            have[path] = written(folder, path, 0, content(kind.empty_table())).to_pylist()[0]
    return [DataFile(**have[path]) for path in sorted(have)]


def _write(
    folder: str, run: str, schema: pa.Schema, ending: str, content: Content, batches: Iterable[pa.RecordBatch]
) -> Iterator[pa.RecordBatch]:
    for shard, rows in by_shard(batches, schema):
        yield written(folder, f"{run}/{shard:05}{ending}", len(rows), content(rows))
