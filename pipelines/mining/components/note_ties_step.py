"""Step: which notes must not be in two splits, for what they share, and which of these ties may be cut."""

from collections.abc import Mapping
from functools import reduce

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from pipelines.workspace.stage_output import Output, dropped_counts
from schemas.granularity import PICTURE_GRANULARITIES
from schemas.relations import NOTE_TIES, VARIANT

SIDES = ("query", "target")
TEXT_TIE = "text_tie"
WIDELY_SHOWN = 2
"""Other notes that the pairs of one picture reach, above which they tie weakly: a shop's photo of a room in which ten products
stand. Source: 420 products of a shop: above 3 more than a third of them hang together, from 2 down at most 15."""


def note_ties(pairs: Mapping[str, DataFrame], variants: DataFrame, text_ties: DataFrame) -> Output:
    """NOTE_TIES: each pair of notes once a reason.

    A tie is weak if it is a variant, or if each pair behind it has a picture whose pairs reach more than WIDELY_SHOWN other
    notes. The more notes such a picture reaches, the less its ties weigh, so that the widest are cut first.

    Args:
        pairs: PAIRS of each of COMPONENT_GRANULARITIES, by granularity.
        variants: VARIANTS.
        text_ties: TEXT_TIES.

    Cost: three shuffles of the pairs of pictures, one of all ties.
    """
    pictures = reduce(DataFrame.unionByName, [_ends(pairs[name], name) for name in PICTURE_GRANULARITIES])
    others = [_ends(frame, name) for name, frame in pairs.items() if name not in PICTURE_GRANULARITIES]
    ties = [
        _with_weakness(pictures),
        *[_tie(ends, F.lit(False)) for ends in others],
        _tie(_ends(variants, VARIANT), F.lit(True)),
        text_ties.select(
            "note_id_l",
            "note_id_r",
            F.lit(TEXT_TIE).alias("reason"),
            F.col("containment").alias("weight"),
            F.lit(False).alias("is_weak"),
        ),
    ]
    once = (
        reduce(DataFrame.union, ties)
        .groupBy("note_id_l", "note_id_r", "reason")
        .agg(F.max("weight").alias("weight"), F.bool_and("is_weak").alias("is_weak"))
    )
    return Output(once.select(*NOTE_TIES.columns.names), dropped_counts(variants.sparkSession, {}))


def _ends(pairs: DataFrame, reason: str) -> DataFrame:
    """query, target (each note_id, image_id), reason, score."""
    query, target = (F.struct(f"{side}.note_id", F.get(f"{side}.image_ids", F.lit(0)).alias("image_id")) for side in SIDES)
    return pairs.select(query.alias("query"), target.alias("target"), F.lit(reason).alias("reason"), "score")


def _with_weakness(ends: DataFrame) -> DataFrame:
    """The ties of pairs of pictures."""
    one = ends.select(F.col("query").alias("picture"), F.col("target.note_id").alias("other"))
    two = ends.select(F.col("target").alias("picture"), F.col("query.note_id").alias("other"))
    reached = one.union(two).groupBy("picture").agg(F.count_distinct("other").alias("notes"))
    wide = reached.where(F.col("notes") > WIDELY_SHOWN)
    for side in SIDES:
        ends = ends.join(wide.toDF(side, f"reached_{side}"), on=side, how="left")
    reach = F.greatest(*[F.coalesce(f"reached_{side}", F.lit(1)) for side in SIDES])
    return _tie(ends.withColumn("score", F.col("score") / reach), reach > 1)


def _tie(ends: DataFrame, is_weak: Column) -> DataFrame:
    query, target = F.col("query.note_id"), F.col("target.note_id")
    return ends.select(
        F.least(query, target).alias("note_id_l"),
        F.greatest(query, target).alias("note_id_r"),
        "reason",
        F.col("score").alias("weight"),
        is_weak.alias("is_weak"),
    )
