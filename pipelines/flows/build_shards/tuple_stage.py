"""Step of `--format sentence-transformers`: write the published training rows also as tuples."""

from collections.abc import Callable, Iterable, Iterator

import pyarrow as pa
import pyarrow.parquet as pq
from pyspark.sql import SparkSession

from pipelines.shards.files.shard_files import write_file
from pipelines.shards.files.tuple_format import tuple_files
from pipelines.shards.files.write_step import FILE_RECORD_DDL, data_files
from pipelines.workspace.filesystem import open_filesystem
from pipelines.workspace.manifest import Manifest
from pipelines.workspace.run_folder import Run
from pipelines.workspace.stage_output import StageFiles
from pipelines.workspace.workspace import Workspace
from schemas.shards import JOB, SPLITS
from schemas.table import Table

TUPLES = [
    Table(
        name=f"sentence_transformers/{split}",
        grain="anchor, positive, negative_1 to negative_n; a folder for each task",
        key=(),
        made_by=JOB,
        columns=pa.schema([]),
    )
    for split in SPLITS
]
TOO_FEW = "fewer hard negatives than tuples.negatives"
ROWS_PER_BATCH = 64


def write_tuples(spark: SparkSession, workspace: Workspace, published: Manifest, run: Run, negatives: int) -> StageFiles:
    """Write the tuples of a split.

    Args:
        spark: the session.
        workspace: of the shards and the tuples.
        published: the split of training rows.
        run: the folder to write to.
        negatives: per tuple.
    """
    pairs = [
        {"shard": n, "rows": workspace.uri(published, r), "pictures": workspace.uri(published, p)}
        for n, (r, p) in enumerate(zip(published.files, published.beside, strict=True))
    ]
    shards = spark.createDataFrame(pa.Table.from_pylist(pairs)).repartition(len(pairs), "shard")
    records = shards.mapInArrow(_writing(run.folder.uri, negatives), FILE_RECORD_DDL)
    files = data_files(records.toArrow().to_pylist(), run)
    rows_out, rows_in = sum(file.rows for file in files), published.counts.rows_out
    tasks: dict[str, int] = {}
    for file in files:
        task = file.path.split("/")[-2]
        tasks[task] = tasks.get(task, 0) + file.rows
    return StageFiles(files, [], {TOO_FEW: rows_in - rows_out}, rows_in, {"task": tasks})


def _writing(folder: str, negatives: int) -> Callable[[Iterable[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    def work(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for shard in (row for batch in batches for row in batch.to_pylist()):
            system, path = open_filesystem(shard["pictures"])
            with system.open_input_file(path) as opened:
                pictures = pa.ipc.open_file(opened).read_all()
            system, path = open_filesystem(shard["rows"])
            with system.open_input_file(path) as opened:
                rows = pq.ParquetFile(opened).iter_batches(ROWS_PER_BATCH)
                for name, count, content in tuple_files(rows, pictures, negatives):
                    task, number = name.split("/")
                    yield write_file(folder, f"{task}/{shard['shard']:05}-{number}.parquet", count, content)

    return work
