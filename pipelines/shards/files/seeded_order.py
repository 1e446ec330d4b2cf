"""A seeded order of rows: chosen by the smallest hashes, placed by their hash, the same whatever the partitions."""

from collections.abc import Mapping, Sequence

import pyarrow as pa
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql.window import Window

from pipelines.shards.training_rows.granularity_quotas import below

BUCKET_BITS = 12
"""A place is counted within one of 4096 ranges of the hash: no task sorts all rows."""


def hashed(key: str, seed: int, purpose: str) -> Column:
    """64 bits (a signed bigint) that belong to the row's key, the seed and the purpose."""
    return F.xxhash64(F.col(key), F.lit(seed), F.lit(purpose))


def smallest(
    rows: DataFrame,
    groups: Sequence[str],
    wanted: Mapping[tuple[object, ...], int],
    counts: Mapping[tuple[object, ...], int],
    hash_and_key: tuple[str, str],
) -> DataFrame:
    """Of each group the rows of the smallest hashes.

    Rows above a hash below which the quota surely lies are left out first, so that a group of any size is sorted at the size of
    its quota.

    Args:
        rows: any columns.
        groups: the columns that name a group.
        wanted: group -> rows.
        counts: group -> how many it has.
        hash_and_key: the column of the hash, and the one that decides between equal hashes.

    Cost: one shuffle of little more than the rows that are kept.
    """
    by_hash, key = hash_and_key
    names = [*groups, "_quota", "_limit"]
    given = [
        dict(zip(names, (*group, quota, below(quota, counts[group])), strict=True)) for group, quota in wanted.items() if quota
    ]
    if not given:
        return rows.limit(0)
    limits = rows.sparkSession.createDataFrame(pa.Table.from_pylist(given))
    near = rows.join(F.broadcast(limits), on=list(groups), how="inner").where(F.col(by_hash) <= F.col("_limit"))
    ranked = near.withColumn("_rank", F.row_number().over(Window.partitionBy(*groups).orderBy(by_hash, key)))
    return ranked.where(F.col("_rank") <= F.col("_quota")).select(*rows.columns)


def placed(rows: DataFrame, by_hash: str, key: str, groups: Sequence[str] = (), name: str = "position") -> DataFrame:
    """The rows with their place, from 0, by hash and key, within each group.

    Cost: two shuffles; hashes are even, so are the tasks.
    """
    bucketed = rows.withColumn("_bucket", F.shiftright(by_hash, 64 - BUCKET_BITS))
    sizes = bucketed.groupBy(*groups, "_bucket").agg(F.count("*").alias("_size"))
    earlier = (
        Window.partitionBy(*[F.col(group) for group in groups] or [F.lit(0)])
        .orderBy("_bucket")
        .rowsBetween(Window.unboundedPreceding, -1)
    )
    starts = sizes.select(*groups, "_bucket", F.coalesce(F.sum("_size").over(earlier), F.lit(0)).alias("_start"))
    within = F.row_number().over(Window.partitionBy(*groups, "_bucket").orderBy(by_hash, key))
    found = bucketed.withColumn("_within", within).join(F.broadcast(starts), on=[*groups, "_bucket"], how="inner")
    return found.select(*rows.columns, (F.col("_start") + F.col("_within") - 1).cast("bigint").alias(name))
