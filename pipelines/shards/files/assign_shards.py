"""Assign rows to shards: drop rows with missing pictures, give each row a position, and list each shard's pictures."""

from collections.abc import Sequence
from typing import NamedTuple

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from pipelines.shards.files.picture_step import all_items, image_ids
from pipelines.shards.files.seeded_order import placed
from pipelines.shards.files.shard_count import shards_for, tries

ITEM_BYTES = 200
"""Bytes of an item without its text: ids, numbers, names."""
QUERY_LOST = "a picture of its query or positive cannot be read"
LIST_LOST = "a picture of its list cannot be read"


class ShardAssignment(NamedTuple):
    """The rows and pictures of a split, by shard."""

    number: int
    rows: DataFrame
    """shard, position and the other columns of its table."""
    pictures: DataFrame
    """shard, image_id, content: each picture once per shard."""


class PictureTables(NamedTuple):
    """The pictures of all rows."""

    files: DataFrame
    """image_id, sha256, each image_id once."""
    contents: DataFrame
    """SHARD_PICTURES."""


def without_missing_pictures(rows: DataFrame, pictures: PictureTables, key: str) -> tuple[DataFrame, Column]:
    """Remove candidates whose pictures cannot be read; also returns whether a whole row has to be dropped.

    An item without one of its pictures would be a different item. A training row is dropped for its query or positive, a
    ranking list for any of its items, since its order would change.

    Cost: if all pictures can be read, one scan of their reasons.
    """
    bad = pictures.contents.where("reason is not null").select("sha256").join(pictures.files, on="sha256", how="inner")
    if bad.isEmpty():
        return rows, F.lit(False)
    each = rows.select(key, F.explode(image_ids(all_items(rows))).alias("image_id"))
    missing = (
        each.join(bad.select("image_id"), on="image_id", how="inner")
        .groupBy(key)
        .agg(F.collect_set("image_id").alias("_missing"))
    )
    marked = rows.join(missing, on=key, how="left").withColumn(
        "_missing", F.coalesce("_missing", F.array().cast("array<string>"))
    )

    def shows_missing(item: Column) -> Column:
        return F.arrays_overlap(item["image_ids"], F.col("_missing"))

    if "positive" not in rows.columns:
        return marked, F.size("_missing") > 0
    candidates = F.filter("candidates", lambda c: ~shows_missing(c["item"]))
    return (
        marked.withColumn("candidates", candidates),
        shows_missing(F.col("query")) | shows_missing(F.col("positive.item")),
    )


def assign_shards(
    rows: DataFrame, tables: PictureTables, key: str, columns: Sequence[str], shard_bytes: int
) -> ShardAssignment:
    """Give the rows positions and assign them to shards of about `shard_bytes`, equal in rows.

    Rows are ordered by a hash, so equal numbers of rows are about equal bytes. The number of shards follows from the expected
    copies of a picture when its rows fall into n shards at random: a picture of one row is stored once, one of all rows n
    times.

    Args:
        rows: of one split; `order`, `key` and `columns`.
        tables: the pictures of all rows.
        key: breaks ties between equal hashes.
        columns: of the published table.
        shard_bytes: of a shard's two files together.

    Cost: two shuffles of the rows; one of the pictures by file, and one of (shard, picture) with the bytes.
    """
    ordered = placed(rows, "order", key).persist()
    count = ordered.count()
    each = ordered.select("position", F.explode(image_ids(all_items(ordered))).alias("image_id"))
    sizes = tables.contents.where("reason is null").select("sha256", F.octet_length("content").alias("size"))
    uses = each.groupBy("image_id").agg(F.count("*").alias("uses"))
    sized = (
        uses.join(tables.files, on="image_id", how="inner")
        .join(sizes, on="sha256", how="inner")
        .select("uses", "size")
        .persist()
    )
    number = min(max(1, count), _number(sized, _text_bytes(ordered), shard_bytes))
    shard = F.expr(f"cast(position * {number} div {max(1, count)} as int)")
    beside = each.select(shard.alias("shard"), "image_id").distinct().join(tables.files, on="image_id", how="inner")
    contents = tables.contents.where("reason is null").select("sha256", "content")
    pictures = beside.join(contents, on="sha256", how="inner").select("shard", "image_id", "content")
    return ShardAssignment(number, ordered.select(shard.alias("shard"), *columns), pictures)


def _number(sized: DataFrame, text: int, shard_bytes: int) -> int:
    """The number of shards, from the expected bytes at each candidate number, in one pass over the pictures."""
    once = sized.agg(F.coalesce(F.sum(F.col("uses") * F.col("size")), F.lit(0)).alias("all")).collect()[0]["all"]
    most = max(1, -(-(text + once) // shard_bytes))
    tried = tries(most)
    share = {n: 1 - F.pow(F.lit(1 - 1 / n), F.col("uses")) for n in tried}
    columns = [F.coalesce(F.sum(F.floor(F.col("size") * n * share[n])), F.lit(0)).alias(str(n)) for n in tried]
    expected = sized.agg(*columns).collect()[0]
    return shards_for(lambda n: text + int(expected[str(n)]), most, shard_bytes)


def _text_bytes(rows: DataFrame) -> int:
    sizes = F.transform(all_items(rows), lambda item: F.coalesce(F.octet_length(item["text"]), F.lit(0)) + ITEM_BYTES)
    total = F.sum(F.aggregate(sizes, F.lit(0).cast("bigint"), lambda a, b: a + b))
    return int(rows.agg(F.coalesce(total, F.lit(0)).alias("bytes")).collect()[0]["bytes"])
