"""Write a step's rows as a run: sorted zstd Parquet, checksummed, not yet current."""

import pyarrow as pa
from pyspark import StorageLevel
from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from pyspark.sql.pandas.types import to_arrow_schema

from pipelines.items.spark_columns import spark_type
from pipelines.workspace.arrow_io import sums
from pipelines.workspace.filesystem import open_filesystem
from pipelines.workspace.manifest import DataFile
from pipelines.workspace.run_folder import Run
from schemas.table import Table

ROW_GROUP_BYTES = 16 << 20
"""A row group is the least that a task reads: with Parquet's own 128 MB a laptop reads most tables on one core."""
SMALL_BYTES = 256 << 20
"""Up to this size the driver reads the files for their checksums itself: a Spark job costs more."""


def write_run(rows: DataFrame, table: Table, run: Run, *, held: bool, rows_per_file: int) -> list[DataFile]:
    """The files of a run, in the order of the rows.

    Rows are kept on the executors' disks first, unless the step holds them: the number of files follows from their
    count, and a range partitioning would otherwise compute the step twice, once for its samples.

    Cost: one shuffle of the rows; one file for each `rows_per_file` of them.
    """
    checked = rows.select(*table.columns.names)
    table.check(_declared_types(checked, table))
    kept = checked if held else checked.persist(StorageLevel.DISK_ONLY)
    try:
        files = max(1, -(-kept.count() // rows_per_file))
        keys = [F.col(key) for key in table.key]
        placed = kept.repartition(1) if files == 1 else kept.repartitionByRange(files, *keys)
        written = placed.sortWithinPartitions(*keys).write.options(**{"parquet.block.size": ROW_GROUP_BYTES})
        written.option("compression", "zstd").parquet(run.folder.uri)
        return _described(kept, run)
    finally:
        if not held:
            kept.unpersist()


def _declared_types(rows: DataFrame, table: Table) -> pa.Schema:
    """The rows' columns; what Spark knows of nulls within a struct or a list is no difference of type."""
    found = to_arrow_schema(rows.schema, timezone="UTC")
    same = [rows.schema[c.name].dataType.simpleString() == spark_type(c.type) for c in table.columns]
    return pa.schema([want if equal else found.field(want.name) for want, equal in zip(table.columns, same, strict=True)])


def _described(rows: DataFrame, run: Run) -> list[DataFile]:
    """The files that Spark wrote, each with rows, size and checksum; in Spark where they are large."""
    names = run.folder.parquet_files()
    uris = [f"{run.folder.uri}/{name}" for name in names]
    system, path = open_filesystem(run.folder.uri)
    large = sum(system.get_file_info(f"{path}/{name}").size for name in names) > SMALL_BYTES
    if large:
        context = rows.sparkSession.sparkContext
        found = context.parallelize(uris, len(uris)).map(sums).collect()
    else:
        found = [sums(uri) for uri in uris]
    return [DataFile(path=f"{run.path}/{name}", **one._asdict()) for name, one in zip(names, found, strict=True)]
