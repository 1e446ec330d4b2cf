"""Leak check: counts pairs and components across splits, from the published tables and not in the step that wrote them."""

from typing import TypedDict

from pyspark.sql import DataFrame
from pyspark.sql import functions as F


class LeakCertificate(TypedDict):
    """The counts of the splits in the run's manifest."""

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


def leak_certificate(positives: DataFrame, components: DataFrame) -> LeakCertificate:
    """The counts that show whether a split is clean, from POSITIVES and COMPONENTS.

    Cost: three jobs: an aggregate of COMPONENTS, one by split, and a join of POSITIVES with COMPONENTS.
    """
    ends = positives.select("split", F.explode(F.array("query.note_id", "target.note_id")).alias("note_id"), "pair_id")
    crosses = ~F.col("split").eqNullSafe(F.col("note_split"))
    note_splits = components.select("note_id", F.col("split").alias("note_split"))
    crossing = ends.join(note_splits, on="note_id", how="left").where(crosses).select("pair_id").distinct()
    by_component = components.groupBy("component_id").agg(F.count("*").alias("size"), F.countDistinct("split").alias("splits"))
    summary = by_component.agg(
        F.count("*"), F.coalesce(F.max("size"), F.lit(0)), F.coalesce(F.sum("size"), F.lit(0)), F.count_if(F.col("splits") > 1)
    )
    [[count, largest, notes, crossing_components]] = summary.collect()
    by_split = {row["split"]: row["count"] for row in components.groupBy("split").count().collect()}
    return LeakCertificate(
        pairs_across_splits=crossing.count(),
        components_across_splits=crossing_components,
        components=count,
        largest_component=largest,
        notes=notes,
        share_of_notes={name: by_split[name] / notes for name in sorted(by_split)},
    )
