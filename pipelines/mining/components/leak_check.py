"""The proof that nothing leaks: counted again from the published tables, not from the step that made them."""

from typing import TypedDict

from pyspark.sql import DataFrame
from pyspark.sql import functions as F


class Certificate(TypedDict):
    """What the run's manifest says about its splits."""

    pairs_across_splits: int
    """Positives of which a note's split is not the pair's; must be 0."""
    components_across_splits: int
    """Components with notes in two splits; must be 0."""
    components: int
    largest_component: int
    """Notes."""
    notes: int
    share_of_notes: dict[str, float]
    """By split."""


def certificate(positives: DataFrame, components: DataFrame) -> Certificate:
    """The counts that show whether a split is clean, from POSITIVES and COMPONENTS.

    Cost: three jobs: an aggregate of COMPONENTS, one by split, and a join of POSITIVES with COMPONENTS.
    """
    of = components.select("note_id", "split")
    ends = positives.select("split", F.explode(F.array("query.note_id", "target.note_id")).alias("note_id"), "pair_id")
    apart = ~F.col("split").eqNullSafe(F.col("note_split"))
    crossing = ends.join(of.toDF("note_id", "note_split"), on="note_id", how="left").where(apart).select("pair_id").distinct()
    each = components.groupBy("component_id").agg(F.count("*").alias("size"), F.countDistinct("split").alias("splits"))
    summary = each.agg(
        F.count("*"), F.coalesce(F.max("size"), F.lit(0)), F.coalesce(F.sum("size"), F.lit(0)), F.count_if(F.col("splits") > 1)
    )
    [[count, largest, notes, torn]] = summary.collect()
    by_split = {row["split"]: row["count"] for row in components.groupBy("split").count().collect()}
    return Certificate(
        pairs_across_splits=crossing.count(),
        components_across_splits=torn,
        components=count,
        largest_component=largest,
        notes=notes,
        share_of_notes={name: by_split[name] / notes for name in sorted(by_split)},
    )
