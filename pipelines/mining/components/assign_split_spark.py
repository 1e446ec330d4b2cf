"""Gives every pair its component and its split, and takes out the pairs that stand in two splits."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from pipelines.workspace.stage_output import Output
from schemas.datasets import POSITIVES


def place(pairs: DataFrame, components: DataFrame) -> Output:
    """PAIRS with the component of the query's note and the split of both notes: POSITIVES.

    A pair whose notes are in two splits is dropped, and counted as "<granularity>: notes in
    two splits"; so is one that has a note without a component.

    Args:
        pairs: PAIRS.
        components: COMPONENTS.

    Cost: two joins of the pairs with the small columns of COMPONENTS, for `rows` and for `dropped` each.
    """
    of = components.select("note_id", "component_id", "split")
    placed = pairs.join(
        of.toDF("query_note", "component_id", "split"), on=F.col("query.note_id") == F.col("query_note"), how="left"
    ).join(
        of.toDF("target_note", "target_component", "target_split"),
        on=F.col("target.note_id") == F.col("target_note"),
        how="left",
    )
    unknown = F.col("split").isNull() | F.col("target_split").isNull()
    apart = F.col("split") != F.col("target_split")
    reason = F.when(unknown, "a note without a component").when(apart, "notes in two splits")
    judged = placed.withColumn("reason", reason)
    dropped = (
        judged.where(F.col("reason").isNotNull())
        .groupBy(F.concat_ws(": ", "granularity", "reason").alias("reason"))
        .agg(F.count("*").alias("rows"))
    )
    return Output(judged.where(F.col("reason").isNull()).select(*POSITIVES.columns.names), dropped)
