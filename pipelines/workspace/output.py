"""What a Spark step returns."""

from typing import NamedTuple

from pyspark.sql import DataFrame


class Output(NamedTuple):
    """A step's rows, and what its caps and checks took."""

    rows: DataFrame
    """Lazy; of the step's table."""
    dropped: DataFrame
    """Lazy: reason string, rows long. One row a reason; a reason that took nothing may be left out or be 0."""
