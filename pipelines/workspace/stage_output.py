"""What a Spark step returns."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from pyspark.sql import DataFrame, SparkSession

from pipelines.workspace.arrow_io import ROWS_PER_FILE
from pipelines.workspace.manifest import DataFile


class Output(NamedTuple):
    """A step's rows, and what its caps and checks took."""

    rows: DataFrame
    """Lazy; of the step's table."""
    dropped: DataFrame
    """Lazy: reason string, rows long. One row a reason; a reason that took nothing may be left out or be 0."""
    rows_in: int | None = None
    """How many rows it was given, where it passes rows on: then rows_in = rows + dropped."""
    report: Callable[[DataFrame], Mapping[str, Any]] | None = None
    """What else belongs into the run's manifest; called with the rows as they were written."""
    held: bool = False
    """Whether the rows are a cheap choice from what the step has persisted: then they are not put aside once more."""
    rows_per_file: int = ROWS_PER_FILE
    """Of large rows, fewer."""


class Files(NamedTuple):
    """What a step returns that has written the files of its run itself."""

    files: list[DataFile]
    """Of its rows, in order."""
    beside: list[DataFile]
    dropped: Mapping[str, int]
    rows_in: int | None
    report: Mapping[str, Any]


def dropped_counts(spark: SparkSession, counts: Mapping[str, int]) -> DataFrame:
    """Counts that are known already, as `Output.dropped`; reading them starts no Spark job."""
    parameters = {f"r{k}": reason for k, reason in enumerate(counts)}
    values = ", ".join(f"(:r{k}, {rows}L)" for k, rows in enumerate(counts.values())) or "('', 0L)"
    return spark.sql(f"select reason, rows from values {values} as known(reason, rows)", args=parameters)
