"""Balance the kept notes over topic and image count, so that no stratum crowds out the others."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from pydantic import Field
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql.window import Window

Stratum = tuple[str, int]
"""Topic, and image count up to a cap."""
BINS = 1 << 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Balance:
    """How far the strata are evened out (METHOD.md, section 2)."""

    min_notes: Annotated[int, Field(ge=0)] = 100_000
    """Below this many kept notes nothing is taken away: small sets need every note."""
    keep_share: Annotated[float, Field(gt=0, le=1)] = 0.5
    """Keep this share of the notes in all. The largest strata give first (water-filling)."""
    max_image_count: Annotated[int, Field(ge=0)] = 9
    """Notes with this many pictures or more are one stratum."""


def water_fill(sizes: Mapping[Stratum, int], total: int) -> dict[Stratum, int]:
    """How many rows each stratum keeps, `total` in all: one level for all strata that reach it.

    A stratum below the level keeps everything; what the level leaves over goes, one row
    each, to the first strata (in their sorted order) that have more.

    >>> water_fill({("a", 1): 10, ("b", 1): 2, ("c", 1): 5}, 10)
    {('a', 1): 4, ('b', 1): 2, ('c', 1): 4}
    """
    left, quotas = min(total, sum(sizes.values())), {}
    order = sorted(sizes, key=lambda stratum: (sizes[stratum], stratum))
    for place, stratum in enumerate(order):
        level = left // (len(order) - place)
        quotas[stratum] = min(sizes[stratum], level)
        left -= quotas[stratum]
    for stratum in sorted(sizes):
        more = min(left, 1 if sizes[stratum] > quotas[stratum] else 0)
        quotas[stratum] += more
        left -= more
    return {stratum: quotas[stratum] for stratum in sorted(sizes)}


def count_strata(notes: DataFrame, settings: Balance) -> dict[Stratum, int]:
    """Notes in each stratum. Cost: one aggregation; strata are few (topics x image counts)."""
    rows = notes.groupBy(*_stratum(settings)).count().collect()
    return {(row["topic"], row["images"]): row["count"] for row in rows}


def balanced(notes: DataFrame, quotas: Mapping[Stratum, int], settings: Balance, seed: int) -> DataFrame:
    """The rows of each stratum with the smallest hash of note_id and seed, as many as its quota.

    A stratum may hold most of the input, so it is not sorted: its rows are counted by the first
    16 bits of their hash, and only those in the bin where the quota ends are ranked.

    Cost: one aggregation to strata x 65,536 counts, one window over the rows of the last bins.
    """
    spark = notes.sparkSession
    stratum = ["topic", "images"]
    quota = spark.createDataFrame([(t, n, q) for (t, n), q in quotas.items()], "topic string, images int, quota long")
    hashed = notes.withColumns({f"_{c}": e for c, e in zip(stratum, _stratum(settings), strict=True)}).withColumn(
        "_hash", F.xxhash64("note_id", F.lit(seed))
    )
    binned = hashed.withColumn("_bin", F.shiftrightunsigned("_hash", 48))
    sizes = binned.groupBy(F.col("_topic").alias("topic"), F.col("_images").alias("images"), "_bin").count()
    up_to = F.sum("count").over(Window.partitionBy(*stratum).orderBy("_bin"))
    cuts = (
        sizes.withColumn("before", up_to - F.col("count"))
        .join(quota, on=stratum, how="inner")
        .select(*stratum, "_bin", (F.col("quota") - F.col("before")).alias("left"), "count")
    )
    in_bin = [F.col("_topic") == cuts["topic"], F.col("_images") == cuts["images"], binned["_bin"] == cuts["_bin"]]
    placed = binned.join(cuts, on=in_bin, how="inner").where(F.col("left") > 0)
    rank = F.row_number().over(Window.partitionBy("_topic", "_images", binned["_bin"]).orderBy("_hash", "note_id"))
    whole, last = F.col("left") >= F.col("count"), F.col("left") < F.col("count")
    chosen = (
        placed.where(whole)
        .select(*notes.columns)
        .unionByName(placed.where(last).withColumn("_rank", rank).where(F.col("_rank") <= F.col("left")).select(*notes.columns))
    )
    return chosen.withColumn("kept_because", F.concat("kept_because", F.lit("; within its stratum's quota")))


def _stratum(settings: Balance) -> list[Column]:
    return [F.col("topic"), F.least("image_count", F.lit(settings.max_image_count)).alias("images")]
