"""Connected components by large-star and small-star: edges are rewritten until each component is a star."""

from collections.abc import Callable

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from pipelines.mining.components.components_in_one_task import stars

Checkpoint = Callable[[DataFrame], DataFrame]
"""Stores a frame's rows and returns a frame that reads them, without the plan that computed them."""
FEW_LINKS = 200_000
"""Links up to which one task finds the components, in a second and 80 MB: ten rounds of Spark jobs take longer."""


def cut_lineage(frame: DataFrame) -> DataFrame:
    """The frame's rows, stored: safely where the session has a checkpoint directory, else with the executors.

    A local checkpoint is fast and right while every executor lives; if one is lost the job
    fails, loudly, and is run again. On a cluster set a checkpoint directory, on storage that
    all executors see.
    """
    safe = frame.sparkSession.sparkContext.getCheckpointDir() is not None
    return frame.checkpoint() if safe else frame.localCheckpoint()


def connected_components(edges: DataFrame, checkpoint: Checkpoint = cut_lineage, few_links: int = FEW_LINKS) -> DataFrame:
    """Each note of `edges` with the smallest note_id of its component: note_id, component_id.

    Args:
        edges: l, r; in any direction, repeated or from a note to itself.
        checkpoint: see `star_links`.
        few_links: likewise.

    Cost: that of `star_links`, and a join of the notes.
    """
    notes = edges.select(F.col("l").alias("note_id")).union(edges.select(F.col("r").alias("note_id"))).distinct()
    return with_component(notes, star_links(edges, checkpoint, few_links))


def with_component(notes: DataFrame, links: DataFrame) -> DataFrame:
    """Each note with the centre of its star, itself where it has no link: note_id, component_id."""
    centre = F.coalesce("parent", "note_id").alias("component_id")
    return notes.join(links.toDF("note_id", "parent"), on="note_id", how="left").select("note_id", centre)


def star_links(edges: DataFrame, checkpoint: Checkpoint = cut_lineage, few_links: int = FEW_LINKS) -> DataFrame:
    """Each note but the smallest of its component, linked to the smallest: note, parent; stored.

    Rounds of large-star and small-star keep what is connected and link every note to ever
    smaller ones. They end when the links are stars, which is tested, not assumed: each link
    points to a smaller note, no note has two parents and no parent has a parent. Then a
    star is a component and its centre is the smallest note. Notes are named by their own
    ids, not by numbers assigned on the way, so a plan that Spark changes or runs again cannot
    change the result.

    Args:
        edges: l, r; in any direction, repeated or from a note to itself.
        checkpoint: stores each round; without it the plan doubles.
        few_links: distinct edges up to which one task does it all.

    Cost: of few links two jobs. Else O(log^2 notes) rounds in theory and about log2 of the longest path in practice; two jobs
    and four shuffles of the links a round. The neighbours of one note meet in one task.

    Source: Kiveris et al. 2014, "Connected Components in MapReduce and Beyond", alternating algorithm.
    """
    links = checkpoint(_pointing_down(edges))
    if links.count() <= few_links:
        return checkpoint(links.coalesce(1).mapInArrow(stars, "note string, parent string"))
    while not _are_stars(links):
        links = checkpoint(small_star(large_star(links)))
    return links


def large_star(links: DataFrame) -> DataFrame:
    """Each note's larger neighbours linked to the smallest of the note and its neighbours: note, parent."""
    both_ways = links.union(links.select("parent", "note")).toDF("note", "neighbour")
    smallest = F.least("note", F.min("neighbour").over(Window.partitionBy("note")))
    return (
        both_ways.withColumn("smallest", smallest)
        .where(F.col("neighbour") > F.col("note"))
        .select(F.col("neighbour").alias("note"), F.col("smallest").alias("parent"))
    )


def small_star(links: DataFrame) -> DataFrame:
    """Each note and its smaller neighbours linked to the smallest of them: note, parent; distinct."""
    smallest = F.min("parent").over(Window.partitionBy("note"))
    ends = F.explode(F.array("note", "parent"))
    return (
        links.withColumn("smallest", smallest)
        .select(ends.alias("note"), F.col("smallest").alias("parent"))
        .where(F.col("note") != F.col("parent"))
        .distinct()
    )


def _pointing_down(edges: DataFrame) -> DataFrame:
    """Edges from the larger to the smaller note, each once, none to itself: note, parent."""
    larger, smaller = F.greatest("l", "r"), F.least("l", "r")
    return edges.where(F.col("l") != F.col("r")).select(larger.alias("note"), smaller.alias("parent")).distinct()


def _are_stars(links: DataFrame) -> bool:
    """Whether no note has two parents and no parent has one."""
    ends = links.select(_end("note", True)).union(links.select(_end("parent", False))).select("end.*")
    roles = ends.groupBy("note").agg(F.count_if("below").alias("parents"), F.bool_or(~F.col("below")).alias("above"))
    is_no_star = (F.col("parents") > 1) | ((F.col("parents") > 0) & F.col("above"))
    [[any_left]] = roles.agg(F.bool_or(is_no_star)).collect()
    return not any_left  # null where there are no links at all


def _end(name: str, below: bool) -> Column:
    return F.struct(F.col(name).alias("note"), F.lit(below).alias("below")).alias("end")
