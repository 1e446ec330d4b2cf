"""What a Spark step returns."""

from collections.abc import Callable
from typing import Any, NamedTuple

from pyspark.sql import DataFrame


class Output(NamedTuple):
    """A step's rows, and what its caps and checks took."""

    rows: DataFrame
    """Lazy; of the step's table."""
    dropped: DataFrame
    """Lazy: reason string, rows long. One row a reason; a reason that took nothing may be left out or be 0."""
    rows_in: int | None = None
    """How many rows it was given, where it passes rows on: then rows_in = rows + dropped."""
    report: Callable[[], dict[str, Any]] | None = None
    """What else belongs into the run's manifest; called after the rows were written."""
