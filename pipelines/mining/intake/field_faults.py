"""Fields that could not be read: how many there are of each column, with an example."""

from typing import Any

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from pipelines.input_tables.our_rows import FAULT, FAULTS
from pipelines.input_tables.values.text_form import text_form
from pipelines.items.spark_columns import spark_type

UNREAD_FIELDS = "fields_not_read"
"""The counts' name in a run's report."""


def with_faults(read: DataFrame) -> DataFrame:
    """The rows with the column FAULTS; null where whoever made them has none."""
    if FAULTS in read.columns:
        return read
    return read.withColumn(FAULTS, F.lit(None).cast(f"array<{spark_type(FAULT)}>"))


def has_fault(column: str) -> Column:
    """Whether a row's field had a value that could not be read."""
    return F.coalesce(F.exists(FAULTS, lambda fault: fault["column"] == column), F.lit(False))


def count_faults(read: DataFrame, *, examples: bool) -> list[dict[str, Any]]:
    """Of each column: its name, rows, and the smallest example, by falling rows.

    Args:
        read: rows with FAULTS.
        examples: as they stand; else their `text_form`: a click's field may be a user's id.

    Cost: one aggregation to as many rows as there are columns.
    """
    fault = with_faults(read).where(F.col(FAULTS).isNotNull()).select(F.explode(FAULTS).alias("fault"))
    rows = fault.groupBy(F.col("fault.column").alias("column")).agg(
        F.count("*").alias("rows"), F.min("fault.example").alias("example")
    )
    found = [row.asDict() for row in rows.orderBy(F.col("rows").desc(), "column").collect()]
    return found if examples else [one | {"example": one["example"] and text_form(one["example"])} for one in found]
