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
    """How far the strata are evened out (method.md, section 2)."""

    min_notes: Annotated[int, Field(ge=0, le=10**12)] = 100_000
    """Below this many kept notes nothing is taken away: small sets need every note."""
    keep_share: Annotated[float, Field(gt=0, le=1)] = 0.5
    """Keep this share of the notes in all. The largest strata give first (water-filling)."""
    max_image_count: Annotated[int, Field(ge=0, le=1000)] = 9
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
    place = ["_topic", "_images", "_bin"]
    topic, images = _stratum(settings)
    hashed = notes.withColumns({"_topic": topic, "_images": images, "_hash": F.xxhash64("note_id", F.lit(seed))})
    binned = hashed.withColumn("_bin", F.shiftrightunsigned("_hash", 48))
    placed = binned.join(_room(binned.groupBy(*place).count(), quotas), on=place, how="inner").where(F.col("_room") > 0)
    rank = F.row_number().over(Window.partitionBy(*place).orderBy("_hash", "note_id"))
    whole = placed.where(F.col("_room") >= F.col("count"))
    parted = placed.where(F.col("_room") < F.col("count")).withColumn("_rank", rank).where(F.col("_rank") <= F.col("_room"))
    chosen = whole.select(*notes.columns).unionByName(parted.select(*notes.columns))
    return chosen.withColumn("kept_because", F.concat("kept_because", F.lit("; within its stratum's quota")))


def _room(sizes: DataFrame, quotas: Mapping[Stratum, int]) -> DataFrame:
    """How many rows of each bin the stratum's quota still has room for when the lower bins are in."""
    spark = sizes.sparkSession
    quota = spark.createDataFrame([(t, n, q) for (t, n), q in quotas.items()], "_topic string, _images int, quota long")
    up_to_here = F.sum("count").over(Window.partitionBy("_topic", "_images").orderBy("_bin"))
    before = sizes.withColumn("before", up_to_here - F.col("count"))
    return before.join(quota, on=["_topic", "_images"], how="inner").withColumn("_room", F.col("quota") - F.col("before"))


def _stratum(settings: Balance) -> list[Column]:
    return [F.col("topic"), F.least("image_count", F.lit(settings.max_image_count)).alias("images")]
