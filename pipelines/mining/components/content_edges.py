"""The edges of components: pairs whose notes share content, and how strong they are."""

from collections.abc import Iterable
from functools import reduce

from pyspark.sql import DataFrame
from pyspark.sql import functions as F


def edges(pairs: Iterable[DataFrame]) -> DataFrame:
    """l, r, weight: both notes of each pair, and its score.

    Args:
        pairs: PAIRS of each of COMPONENT_GRANULARITIES.
    """
    return reduce(DataFrame.unionByName, map(_edges, pairs))


def _edges(pairs: DataFrame) -> DataFrame:
    return pairs.select(F.col("query.note_id").alias("l"), F.col("target.note_id").alias("r"), F.col("score").alias("weight"))
