"""Read an input table in Spark: the files by name, in tasks that read some of them each; or a table of Spark's catalog."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession

from pipelines.input_tables.column_check import check_columns
from pipelines.input_tables.files.fingerprint import files_fingerprint
from pipelines.input_tables.files.listing import InputFile
from pipelines.input_tables.open_table import open_table
from pipelines.input_tables.our_rows import all_our_rows, our_schema
from pipelines.input_tables.parts import Part, packed, parts_of, read_by_one_task, slim
from pipelines.input_tables.raw_rows import BROKEN
from pipelines.input_tables.read_part import read_part
from pipelines.input_tables.settings import ReadOptions
from pipelines.input_tables.table_logs.snapshot import Snapshot
from pipelines.items.spark_columns import spark_type
from pipelines.mining.intake.catalog_table import catalog_columns, catalog_fingerprint, catalog_name, catalog_rows

UNREADABLE = BROKEN
"""A column beside the wanted ones: the raw line where it could not be read, else null."""
MAY_LACK = frozenset({"like_count"})
"""Required columns that an input may lack as a whole: without likes there is no filter on likes."""


@dataclass(frozen=True, slots=True)
class OpenedInput:
    """An input that can be read, and what is known of it without reading."""

    rows: DataFrame
    """Lazy: the wanted columns, UNREADABLE and FAULTS."""
    count: int | None
    """How many rows it has, where the files say it."""
    size_bytes: int
    fingerprint: Callable[[], str]
    messages: tuple[str, ...]
    """What the user should know."""
    columns: tuple[str, ...]
    """Of the wanted ones, those that it has."""
    first_rows: Callable[[int], pa.Table] | None = None
    """The first rows, read without Spark: a Spark task that is ended early leaves tracebacks. None: of a catalog's table."""


def read_input(spark: SparkSession, uri: str, schema: pa.Schema, options: ReadOptions | None = None) -> DataFrame:
    """As `open_input`, the rows only."""
    return open_input(spark, uri, schema, options).rows


def open_input(
    spark: SparkSession, uri: str, schema: pa.Schema, options: ReadOptions | None = None, name: str = "notes"
) -> OpenedInput:
    """The wanted columns of an input, null where it has none or a value cannot be read; and UNREADABLE and FAULTS.

    Bytes of a text that are not valid in its encoding become U+FFFD and are counted in FAULTS.

    Args:
        spark: the session.
        uri: a path, a folder, a pattern, or several of them, in any store that pyarrow or fsspec opens; a Delta or Iceberg
            table's folder; or a table of Spark's catalog.
        schema: our columns.
        options: how to read.
        name: of our table, for messages.

    Raises:
        DataError: no such file, an unknown format, or columns at fault: all of them in one message.

    Cost: a look at every file. Reading is one Python task a part; nothing is shuffled.
    """
    options = options or ReadOptions()
    catalog = catalog_name(spark, uri)
    if catalog is not None:
        return OpenedInput(
            rows=catalog_rows(spark, catalog, schema, required(schema), options),
            count=None,
            size_bytes=0,
            fingerprint=lambda: catalog_fingerprint(spark, catalog),
            messages=(f"the table {catalog} of Spark's catalog",),
            columns=tuple(name for name in schema.names if name in catalog_columns(spark, catalog)),
        )
    table = open_table(uri, schema.names, options)
    checked = check_columns(table, name, schema, required(schema), options)
    cores = spark.sparkContext.defaultParallelism
    parts = [slim(part, schema.names) for part in parts_of(table, cores)]
    return OpenedInput(
        rows=_in_tasks(spark, packed(parts, cores), schema, options),
        count=table.rows,
        size_bytes=table.size_bytes,
        fingerprint=partial(_fingerprint, table.files, table.snapshot),
        messages=(*table.messages, *checked.messages, *read_by_one_task(parts)),
        columns=checked.present,
        first_rows=lambda rows: _first_rows(parts, schema, options, rows),
    )


def required(schema: pa.Schema) -> frozenset[str]:
    """Columns that every file must have."""
    return frozenset(field.name for field in schema if not field.nullable) - MAY_LACK


def _fingerprint(files: Sequence[InputFile], snapshot: Snapshot | None) -> str:
    return snapshot.fingerprint if snapshot is not None else files_fingerprint(files)


def _in_tasks(spark: SparkSession, tasks: list[list[Part]], schema: pa.Schema, options: ReadOptions) -> DataFrame:
    """Row k of a range of as many partitions as there are tasks says which parts are read."""
    if not tasks:
        return spark.createDataFrame(our_schema(schema).empty_table())
    numbers = spark.range(0, len(tasks), 1, len(tasks))
    return numbers.mapInArrow(partial(_read, tasks, schema, options), _ddl(schema))


def _read(
    tasks: list[list[Part]], schema: pa.Schema, options: ReadOptions, numbers: Iterable[pa.RecordBatch]
) -> Iterator[pa.RecordBatch]:
    for batch in numbers:
        for number in batch.column(0).to_pylist():
            for part in tasks[number]:
                yield from all_our_rows(read_part(part, schema.names, options), schema, options)


def _first_rows(parts: list[Part], schema: pa.Schema, options: ReadOptions, rows: int) -> pa.Table:
    batches: list[pa.RecordBatch] = []
    for part in parts:
        for batch in all_our_rows(read_part(part, schema.names, options), schema, options):
            batches.append(batch)
            if sum(map(len, batches)) >= rows:
                return pa.Table.from_batches(batches).slice(0, rows)
    return pa.Table.from_batches(batches, our_schema(schema))


def _ddl(schema: pa.Schema) -> str:
    return ", ".join(f"`{field.name}` {spark_type(field.type)}" for field in our_schema(schema))
