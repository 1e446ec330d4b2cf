"""Writes a step's Spark rows as a run: sorted zstd Parquet with checksums, not yet published."""

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
"""Row groups are the unit of parallel reading: with Parquet's default of 128 MB a laptop reads most tables on one core."""
SMALL_BYTES = 256 << 20
"""Up to this total size the driver computes checksums itself, since a Spark job costs more."""


def write_run(rows: DataFrame, table: Table, run: Run, *, persisted: bool, rows_per_file: int) -> list[DataFile]:
    """Write the files of a run, in the order of the rows.

    Rows are persisted on the executors' disks first, unless the step has done so: the number of files depends on their
    count, and range partitioning would otherwise compute the step twice, once for its samples.

    Cost: one shuffle of the rows; one file per `rows_per_file` rows.
    """
    checked = rows.select(*table.columns.names)
    table.check(_declared_types(checked, table))
    stored = checked if persisted else checked.persist(StorageLevel.DISK_ONLY)
    try:
        files = max(1, -(-stored.count() // rows_per_file))
        keys = [F.col(key) for key in table.key]
        parts = stored.repartition(1) if files == 1 else stored.repartitionByRange(files, *keys)
        writer = parts.sortWithinPartitions(*keys).write.options(**{"parquet.block.size": ROW_GROUP_BYTES})
        writer.option("compression", "zstd").parquet(run.folder.uri)
        return _data_files(stored, run)
    finally:
        if not persisted:
            stored.unpersist()


def _declared_types(rows: DataFrame, table: Table) -> pa.Schema:
    """Convert the rows' schema to Arrow; Spark's nullability inside structs and lists is not a difference of type."""
    actual = to_arrow_schema(rows.schema, timezone="UTC")
    same = [rows.schema[c.name].dataType.simpleString() == spark_type(c.type) for c in table.columns]
    return pa.schema(
        [column if equal else actual.field(column.name) for column, equal in zip(table.columns, same, strict=True)]
    )


def _data_files(rows: DataFrame, run: Run) -> list[DataFile]:
    """List the files that Spark wrote, with rows, size and checksum; large ones are read in Spark."""
    names = run.folder.parquet_files()
    uris = [f"{run.folder.uri}/{name}" for name in names]
    system, path = open_filesystem(run.folder.uri)
    large = sum(system.get_file_info(f"{path}/{name}").size for name in names) > SMALL_BYTES
    if large:
        context = rows.sparkSession.sparkContext
        checksums = context.parallelize(uris, len(uris)).map(sums).collect()
    else:
        checksums = [sums(uri) for uri in uris]
    return [DataFile(path=f"{run.path}/{name}", **one._asdict()) for name, one in zip(names, checksums, strict=True)]
