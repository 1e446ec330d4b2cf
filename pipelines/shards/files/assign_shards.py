"""Rows -> shards: which rows can be shown, where each stands, and which pictures stand beside it."""

from collections.abc import Sequence
from typing import NamedTuple

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from pipelines.shards.files.picture_step import all_items, image_ids
from pipelines.shards.files.seeded_order import placed
from pipelines.shards.files.shard_count import shards_for, tries

ITEM_BYTES = 200
"""What an item takes beside its text: ids, numbers, names."""
QUERY_LOST = "a picture of its query or positive cannot be shown"
LIST_LOST = "a picture of its list cannot be shown"


class Shards(NamedTuple):
    """A split, cut."""

    number: int
    rows: DataFrame
    """shard, position and the other columns of its table."""
    pictures: DataFrame
    """shard, image_id, content: each picture once a shard."""


class Shown(NamedTuple):
    """The pictures that there are."""

    files: DataFrame
    """image_id, sha256, each image_id once."""
    contents: DataFrame
    """SHOWN."""


def showable(rows: DataFrame, shown: Shown, key: str) -> tuple[DataFrame, Column]:
    """The rows, each without the candidates that cannot be shown, and whether a row of them has to leave.

    An item with a picture that cannot be shown would be another item. A training row leaves when it is its query or its
    positive, a ranking list when it is any of its items: without one of them its order would be another.

    Cost: when nothing is amiss, one look at the pictures' reasons.
    """
    bad = shown.contents.where("reason is not null").select("sha256").join(shown.files, on="sha256", how="inner")
    if bad.isEmpty():
        return rows, F.lit(False)
    each = rows.select(key, F.explode(image_ids(all_items(rows))).alias("image_id"))
    lost = (
        each.join(bad.select("image_id"), on="image_id", how="inner").groupBy(key).agg(F.collect_set("image_id").alias("_lost"))
    )
    told = rows.join(lost, on=key, how="left").withColumn("_lost", F.coalesce("_lost", F.array().cast("array<string>")))

    def amiss(item: Column) -> Column:
        return F.arrays_overlap(item["image_ids"], F.col("_lost"))

    if "positive" not in rows.columns:
        return told, F.size("_lost") > 0
    left = F.filter("candidates", lambda c: ~amiss(c["item"]))
    return told.withColumn("candidates", left), amiss(F.col("query")) | amiss(F.col("positive.item"))


def cut(rows: DataFrame, shown: Shown, key: str, columns: Sequence[str], shard_bytes: int) -> Shards:
    """Place the rows and cut them into shards of about `shard_bytes`, equal in rows.

    As rows stand in the order of a hash, equal numbers of rows are about equal bytes. The number of shards follows from
    what a picture is expected to take when its rows fall into n shards by chance: a picture of one row is stored once, one
    of all rows n times.

    Args:
        rows: of one split; `order`, `key` and `columns`.
        shown: all of its pictures are there.
        key: decides between equal hashes.
        columns: of the published table.
        shard_bytes: of a shard's two files.

    Cost: two shuffles of the rows; one of the pictures by file, and one of (shard, picture) with the bytes.
    """
    stood = placed(rows, "order", key).persist()
    count = stood.count()
    each = stood.select("position", F.explode(image_ids(all_items(stood))).alias("image_id"))
    sizes = shown.contents.where("reason is null").select("sha256", F.octet_length("content").alias("size"))
    uses = each.groupBy("image_id").agg(F.count("*").alias("uses"))
    sized = (
        uses.join(shown.files, on="image_id", how="inner")
        .join(sizes, on="sha256", how="inner")
        .select("uses", "size")
        .persist()
    )
    number = min(max(1, count), _number(sized, _text_bytes(stood), shard_bytes))
    shard = F.expr(f"cast(position * {number} div {max(1, count)} as int)")
    beside = each.select(shard.alias("shard"), "image_id").distinct().join(shown.files, on="image_id", how="inner")
    contents = shown.contents.where("reason is null").select("sha256", "content")
    pictures = beside.join(contents, on="sha256", how="inner").select("shard", "image_id", "content")
    return Shards(number, stood.select(shard.alias("shard"), *columns), pictures)


def _number(sized: DataFrame, text: int, shard_bytes: int) -> int:
    """How many shards: the expected bytes of all numbers that are tried, in one pass over the pictures."""
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
