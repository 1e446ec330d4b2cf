"""Step: all mined pairs -> POSITIVES, with the certificate of their splits."""

from collections.abc import Sequence
from functools import reduce

from pyspark.sql import DataFrame

from pipelines.mining.components.assign_split_spark import assign_split
from pipelines.mining.components.leak_check import leak_certificate
from pipelines.workspace.stage_output import Output


def certified_positives(mined: Sequence[DataFrame], components: DataFrame) -> Output:
    """POSITIVES of the pairs of each table.

    Args:
        mined: PAIRS, one table after the other.
        components: COMPONENTS.
    """
    positives = assign_split(reduce(DataFrame.unionByName, mined), components)
    return positives._replace(report=lambda written: dict(leak_certificate(written, components)))
