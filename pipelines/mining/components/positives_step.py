"""Step: all mined pairs -> POSITIVES, with the certificate of their splits."""

from collections.abc import Sequence
from functools import reduce

from pyspark.sql import DataFrame

from pipelines.mining.components.assign_split_spark import place
from pipelines.mining.components.leak_check import certificate
from pipelines.workspace.stage_output import Output


def certified_positives(mined: Sequence[DataFrame], components: DataFrame) -> Output:
    """POSITIVES of the pairs of each table.

    Args:
        mined: PAIRS, one table after the other.
        components: COMPONENTS.
    """
    placed = place(reduce(DataFrame.unionByName, mined), components)
    return placed._replace(report=lambda written: dict(certificate(written, components)))
