"""Notes that are right and were left out all the same: each with its rule, so that a user can ask why."""

from collections.abc import Mapping
from functools import reduce

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from pipelines.workspace.stage_output import Output, dropped_counts
from schemas.datasets import DROPPED_NOTES

PARTS = 1 << 32
BEYOND = "not written: more than intake.recorded_drops"


def dropped_notes(spark: SparkSession, taken: Mapping[str, tuple[DataFrame, int]], most: int, seed: int) -> Output:
    """DROPPED_NOTES: all notes that the rules left out, or about `most` of them, chosen by a hash of their id.

    Args:
        spark: the session.
        taken: rule -> the notes that it left out, and how many they are.
        most: rows to write, give or take the luck of the hash (its root).
        seed: enters the hash.

    Cost: one narrow row a dropped note.
    """
    total = sum(count for _, count in taken.values())
    narrow = [
        notes.select("note_id", F.lit(reason).alias("reason"), "like_count", "topic", "image_count")
        for reason, (notes, count) in taken.items()
        if count
    ]
    if not narrow:
        return Output(spark.createDataFrame(DROPPED_NOTES.columns.empty_table()), dropped_counts(spark, {}), 0)
    found = reduce(DataFrame.unionByName, narrow)
    if total <= most:
        return Output(found, dropped_counts(spark, {}), total)
    written = F.pmod(F.xxhash64("note_id", F.lit(seed)), F.lit(PARTS)) < F.lit(round(most / total * PARTS))
    beyond = found.where(~written).agg(F.count("*").alias("rows")).select(F.lit(BEYOND).alias("reason"), "rows")
    return Output(found.where(written), beyond, total)
