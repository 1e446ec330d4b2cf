"""A seeded order of rows: selection of the smallest hashes and positions by hash, independent of the partitions."""

from collections.abc import Mapping, Sequence

import pyarrow as pa
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql.window import Window

from pipelines.shards.training_rows.granularity_quotas import below

BUCKET_BITS = 12
"""Rows are ranked within 4096 ranges of the hash, so that no task sorts all rows."""


def hashed(key: str, seed: int, purpose: str) -> Column:
    """A 64-bit hash (a signed bigint) of the row's key, the seed and the purpose."""
    return F.xxhash64(F.col(key), F.lit(seed), F.lit(purpose))


def smallest(
    rows: DataFrame,
    groups: Sequence[str],
    quotas: Mapping[tuple[object, ...], int],
    counts: Mapping[tuple[object, ...], int],
    hash_and_key: tuple[str, str],
) -> DataFrame:
    """Select the rows with the smallest hashes of each group, up to its quota.

    Rows above a bound that surely contains the quota are filtered out first, so that sorting a group costs the size of its
    quota and not of the group.

    Args:
        rows: any columns.
        groups: the columns that name a group.
        quotas: group -> rows to select.
        counts: group -> rows that it has.
        hash_and_key: the column of the hash, and the one that breaks ties.

    Cost: one shuffle of little more than the selected rows.
    """
    by_hash, key = hash_and_key
    names = [*groups, "_quota", "_limit"]
    bounds = [
        dict(zip(names, (*group, quota, below(quota, counts[group])), strict=True)) for group, quota in quotas.items() if quota
    ]
    if not bounds:
        return rows.limit(0)
    limits = rows.sparkSession.createDataFrame(pa.Table.from_pylist(bounds))
    below_limit = rows.join(F.broadcast(limits), on=list(groups), how="inner").where(F.col(by_hash) <= F.col("_limit"))
    ranked = below_limit.withColumn("_rank", F.row_number().over(Window.partitionBy(*groups).orderBy(by_hash, key)))
    return ranked.where(F.col("_rank") <= F.col("_quota")).select(*rows.columns)


def placed(rows: DataFrame, by_hash: str, key: str, groups: Sequence[str] = (), name: str = "position") -> DataFrame:
    """The rows with their position by hash and key within each group, from 0.

    Cost: two shuffles. Hashes are uniform, so tasks are of equal size.
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
    ranked = bucketed.withColumn("_within", within).join(F.broadcast(starts), on=[*groups, "_bucket"], how="inner")
    return ranked.select(*rows.columns, (F.col("_start") + F.col("_within") - 1).cast("bigint").alias(name))
