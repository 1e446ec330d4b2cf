"""Return types of Spark steps."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from pyspark.sql import DataFrame, SparkSession

from pipelines.workspace.arrow_io import ROWS_PER_FILE
from pipelines.workspace.manifest import DataFile


class Output(NamedTuple):
    """A step's rows, and counts of the rows that its caps and checks dropped."""

    rows: DataFrame
    """Rows of the step's table; lazy."""
    dropped: DataFrame
    """Columns reason (string) and rows (long), one row per reason; lazy. A reason without rows may be absent or 0."""
    rows_in: int | None = None
    """Input rows, if the step filters rows: then rows_in = rows + dropped."""
    report: Callable[[DataFrame], Mapping[str, Any]] | None = None
    """Computes further results for the run's manifest; called with the rows as written."""
    persisted: bool = False
    """Whether the rows are a cheap selection from data that the step has persisted: then they are not persisted again."""
    rows_per_file: int = ROWS_PER_FILE
    """Limit of rows per file; lower for large rows."""


class StageFiles(NamedTuple):
    """Output of a step that writes the files of its run itself."""

    files: list[DataFile]
    """Files of its rows, in order."""
    beside: list[DataFile]
    dropped: Mapping[str, int]
    rows_in: int | None
    report: Mapping[str, Any]


def dropped_counts(spark: SparkSession, counts: Mapping[str, int]) -> DataFrame:
    """Turn counts into a frame for `Output.dropped`; reading it starts no Spark job."""
    parameters = {f"r{k}": reason for k, reason in enumerate(counts)}
    values = ", ".join(f"(:r{k}, {rows}L)" for k, rows in enumerate(counts.values())) or "('', 0L)"
    return spark.sql(f"select reason, rows from values {values} as counts(reason, rows)", args=parameters)
