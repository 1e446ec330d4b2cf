"""Assigns every pair its component and its split, and drops the pairs whose notes are in two splits."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from pipelines.mining.components.assign_split_arrow import NO_COMPONENT, TWO_SPLITS
from pipelines.workspace.stage_output import Output
from schemas.datasets import POSITIVES


def assign_split(pairs: DataFrame, components: DataFrame) -> Output:
    """PAIRS with the component of the query's note and the split of both notes: POSITIVES.

    A pair whose notes are in two splits is dropped, and counted as "<granularity>: notes in
    two splits"; so is one that has a note without a component.

    Args:
        pairs: PAIRS.
        components: COMPONENTS.

    Cost: two joins of the pairs with the small columns of COMPONENTS, for `rows` and for `dropped` each.
    """
    of = components.select("note_id", "component_id", "split")
    joined = pairs.join(
        of.toDF("query_note", "component_id", "split"), on=F.col("query.note_id") == F.col("query_note"), how="left"
    ).join(
        of.toDF("target_note", "target_component", "target_split"),
        on=F.col("target.note_id") == F.col("target_note"),
        how="left",
    )
    no_component = F.col("split").isNull() | F.col("target_split").isNull()
    two_splits = F.col("split") != F.col("target_split")
    reason = F.when(no_component, NO_COMPONENT).when(two_splits, TWO_SPLITS)
    reasoned = joined.withColumn("reason", reason)
    dropped = (
        reasoned.where(F.col("reason").isNotNull())
        .groupBy(F.concat_ws(": ", "granularity", "reason").alias("reason"))
        .agg(F.count("*").alias("rows"))
    )
    return Output(reasoned.where(F.col("reason").isNull()).select(*POSITIVES.columns.names), dropped)
