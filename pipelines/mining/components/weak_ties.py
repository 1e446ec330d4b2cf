"""Joins components by weak ties, as far as no joined component outgrows a cap."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from pipelines.mining.components.connected_components import Checkpoint, star_links, with_component
from pipelines.mining.components.cut_large_components import cutter


def joined_by_weak_ties(placed: DataFrame, weak: DataFrame, cap: int, checkpoint: Checkpoint) -> DataFrame:
    """`placed` with the components that weak ties join under the smallest component_id.

    Where the joined component would have more than `cap` notes, ties are taken from the strongest down as long as a piece stays
    within the cap; these are marked as pieces too, since what the cut ties share is in several of them. A component that is
    larger than the cap by itself, or a piece of one that was cut, is joined with none.

    Args:
        placed: note_id, component_id, is_piece, ...
        weak: l, r (note ids), weight.
        cap: notes.
        checkpoint: see `star_links`.

    Cost: one count where no weak tie joins two components; else that of `star_links` on components, not notes. What the ties of
    one joined component above the cap take, in one task: 300 bytes for each pair of components.
    """
    between = checkpoint(_between_components(placed, weak))
    if between.isEmpty():
        return placed
    sizes = placed.groupBy("component_id").agg(F.count("*").alias("notes"))
    ends = between.select(F.col("l").alias("note_id")).union(between.select("r")).distinct()
    group = (
        with_component(ends, star_links(between, checkpoint)).toDF("component_id", "joined_id").join(sizes, on="component_id")
    )
    totals = group.groupBy("joined_id").agg(F.sum("notes").alias("total"))
    grouped = checkpoint(group.join(totals, on="joined_id", how="inner"))
    whole = grouped.where(F.col("total") <= cap).select("component_id", "joined_id", F.lit(False).alias("was_cut"))
    large = grouped.where(F.col("total") > cap).select("component_id", "joined_id", "notes")
    new = whole.union(_pieces(large, between, cap).withColumn("was_cut", F.lit(True)))
    joined = {
        "component_id": F.coalesce("joined_id", "component_id"),
        "is_piece": F.col("is_piece") | F.coalesce("was_cut", F.lit(False)),
    }
    return checkpoint(placed.join(new, on="component_id", how="left").withColumns(joined).drop("joined_id", "was_cut"))


def _between_components(placed: DataFrame, weak: DataFrame) -> DataFrame:
    """l, r (component ids, l < r), weight: the strongest weak tie between each two components that are whole."""
    of = placed.where(~F.col("is_piece")).select("note_id", "component_id")
    return (
        weak.join(of.toDF("l", "l_component"), on="l", how="inner")
        .join(of.toDF("r", "r_component"), on="r", how="inner")
        .where(F.col("l_component") != F.col("r_component"))
        .groupBy(F.least("l_component", "r_component").alias("l"), F.greatest("l_component", "r_component").alias("r"))
        .agg(F.max("weight").alias("weight"))
    )


def _pieces(large: DataFrame, between: DataFrame, cap: int) -> DataFrame:
    """component_id, joined_id: the components of groups above the cap, with the piece that each is in."""
    left, right = (large.withColumnsRenamed({"component_id": side, "notes": f"size_{side}"}) for side in "lr")
    ties = between.join(left, on="l", how="inner").join(right.drop("joined_id"), on="r", how="inner")
    return ties.groupBy("joined_id").applyInArrow(cutter(cap), "node string, piece string")
