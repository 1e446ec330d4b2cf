"""The edges of components: pairs whose notes share content, and how strong they are."""

from collections.abc import Iterable
from functools import reduce

from pyspark.sql import DataFrame
from pyspark.sql import functions as F


def edges(pairs: Iterable[DataFrame], text_ties: DataFrame) -> DataFrame:
    """l, r, weight: both notes of each pair, and its score; of each tie, and its containment.

    Args:
        pairs: PAIRS of each of COMPONENT_GRANULARITIES.
        text_ties: TEXT_TIES.
    """
    ties = text_ties.select(F.col("note_id_l").alias("l"), F.col("note_id_r").alias("r"), F.col("containment").alias("weight"))
    return reduce(DataFrame.unionByName, [*map(_edges, pairs), ties])


def _edges(pairs: DataFrame) -> DataFrame:
    return pairs.select(F.col("query.note_id").alias("l"), F.col("target.note_id").alias("r"), F.col("score").alias("weight"))
