"""Step: refused rows of all sources as one table."""

from collections.abc import Sequence
from functools import reduce

from pyspark.sql import DataFrame

from pipelines.workspace.stage_output import Output, dropped_counts


def quarantined(refused: Sequence[DataFrame]) -> Output:
    """QUARANTINE of the refused rows of each source."""
    rows = reduce(DataFrame.unionByName, refused)
    return Output(rows, dropped_counts(rows.sparkSession, {}))
