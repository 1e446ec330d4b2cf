"""Which pairs tie their notes into one component, and how strongly."""

from collections.abc import Iterable
from functools import reduce

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from schemas.item import Granularity

TYING: tuple[Granularity, ...] = ("near_duplicate_image", "crop", "partial_text")
"""Granularities that say that two notes show the same content; a click does not."""


def edges(pairs: Iterable[DataFrame]) -> DataFrame:
    """l, r, weight: both notes of each pair, and its score.

    Args:
        pairs: PAIRS of each granularity in TYING.
    """
    return reduce(DataFrame.unionByName, map(_edges, pairs))


def _edges(pairs: DataFrame) -> DataFrame:
    return pairs.select(F.col("query.note_id").alias("l"), F.col("target.note_id").alias("r"), F.col("score").alias("weight"))
