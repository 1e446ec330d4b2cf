"""A table of Spark's catalog as an input: `--notes catalog.database.table`."""

import re
import uuid
from collections.abc import Iterable, Iterator, Sequence
from functools import partial

import pyarrow as pa
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.pandas.types import to_arrow_schema

from pipelines.input_tables.files.folders import entry_at
from pipelines.input_tables.files.places import parse_place
from pipelines.input_tables.our_rows import our_rows, our_schema
from pipelines.input_tables.raw_rows import raw_batch
from pipelines.input_tables.settings import ReadOptions
from pipelines.input_tables.values.convert import type_fault
from pipelines.items.spark_columns import spark_type
from pipelines.workspace.manifest import fingerprint
from schemas.errors import DataError

NAME = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*){1,2}")
VERSIONS = {
    "delta": "SELECT max(version) FROM (DESCRIBE HISTORY {name})",
    "iceberg": "SELECT max_by(snapshot_id, committed_at) FROM {name}.snapshots",
}
"""By provider, the version of a table. Neither has been run: their jars were not in reach."""


def catalog_name(spark: SparkSession, uri: str) -> str | None:
    """The table that an input names; None where it is a path, or no such table is known.

    A file or folder of that name comes first.
    """
    if NAME.fullmatch(uri) is None or entry_at(parse_place(uri)) is not None:
        return None
    try:
        return uri if spark.catalog.tableExists(uri) else None
    except PySparkException:  # no such catalog
        return None


def catalog_rows(spark: SparkSession, name: str, schema: pa.Schema, required: Iterable[str], options: ReadOptions) -> DataFrame:
    """Our columns of a table, and UNREADABLE and FAULTS, as of a file.

    Raises:
        DataError: a required column is missing, or a column can never be read as ours.
    """
    table = spark.table(name)
    present = [field.name for field in schema if field.name in table.columns]
    picked = table.select(*[f"`{column}`" for column in present])
    types = to_arrow_schema(picked.schema, timezone="UTC")
    faults = [f"missing column '{column}'; found {table.columns[:12]}" for column in sorted(set(required) - set(present))]
    faults += [
        fault for field in schema if field.name in present and (fault := type_fault(types.field(field.name).type, field))
    ]
    if faults:
        raise DataError(f"{name} (a table of Spark's catalog): {'; '.join(faults)}")
    ddl = ", ".join(f"`{field.name}` {spark_type(field.type)}" for field in our_schema(schema))
    return picked.mapInArrow(partial(_converted, schema, options), ddl)


def catalog_columns(spark: SparkSession, name: str) -> Sequence[str]:
    """The names of a table's columns."""
    return spark.table(name).columns


def catalog_fingerprint(spark: SparkSession, name: str) -> str:
    """The table's version, else what its files are; of a table that says neither a new one each time: it is read again."""
    described = {row["col_name"]: row["data_type"] for row in spark.sql(f"DESCRIBE TABLE EXTENDED {name}").collect()}
    query = VERSIONS.get(str(described.get("Provider", "")).lower())
    if query is not None:
        [version] = spark.sql(query.format(name=name)).collect()
        return fingerprint([name, str(version[0])])
    files = [entry_at(parse_place(file)) for file in spark.table(name).inputFiles()]
    if not files or None in files:
        return uuid.uuid4().hex
    return fingerprint(
        [name, sorted([file.place.key, file.size_bytes, file.modified_ms] for file in files if file is not None)]
    )


def _converted(schema: pa.Schema, options: ReadOptions, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        columns = [
            batch.column(batch.schema.get_field_index(field.name)) if field.name in batch.schema.names else pa.nulls(len(batch))
            for field in schema
        ]
        yield our_rows(raw_batch(schema.names, columns), schema, options)
