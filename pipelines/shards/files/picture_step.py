"""Step: re-encode each picture file of the rows once."""

import hashlib
from collections.abc import Iterable
from functools import partial

import pyarrow as pa
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from pipelines.items.spark_columns import spark_type
from pipelines.media.decode import BadPicture
from pipelines.media.picture_bytes import picture_bytes
from pipelines.media.picture_task import Row, picture_task
from pipelines.shards.files.intermediate_tables import SHARD_PICTURES
from pipelines.shards.files.jpeg import JpegSettings, reencoded

AHEAD = 32
"""Pictures that a task has under way at a time."""
PICTURES_A_TASK = 1_000
MADE = pa.schema([c.with_nullable(True) for c in SHARD_PICTURES.columns])


def image_ids(items: Column) -> Column:
    """The image ids of some items, each once."""
    return F.array_distinct(F.flatten(F.transform(items, lambda item: item["image_ids"])))


def all_items(rows: DataFrame) -> Column:
    """The items of a row of SFT_ROWS or RL_ROWS."""
    first = [F.col(name) for name in ("query",)] + ([F.col("positive.item")] if "positive" in rows.columns else [])
    return F.concat(F.array(*first), F.transform("candidates", lambda c: c["item"]))


def referenced_files(rows: Iterable[DataFrame], images: DataFrame) -> DataFrame:
    """sha256, image_id, uri: one row for each picture file of the rows.

    Args:
        rows: SFT_ROWS, RL_ROWS.
        images: IMAGES.

    Cost: one shuffle of the rows' image ids, distinct within each row.
    """
    ids = [kind.select(F.explode(image_ids(all_items(kind))).alias("image_id")).distinct() for kind in rows]
    referenced = ids[0]
    for more in ids[1:]:
        referenced = referenced.unionByName(more)
    files = images.select("image_id", "sha256", "uri").join(referenced.distinct(), on="image_id", how="left_semi")
    return files.groupBy("sha256").agg(F.min(F.struct("image_id", "uri")).alias("p")).select("sha256", "p.image_id", "p.uri")


def reencode(files: DataFrame, count: int, settings: JpegSettings, root: str | None = None) -> DataFrame:
    """SHARD_PICTURES: each file as JPEG, or the reason why it cannot be read.

    Args:
        files: sha256, image_id, uri, content: its bytes, or null: the file at its uri.
        count: about how many, for the number of tasks.
        settings: size and quality.
        root: the image root, with options for its store.

    Cost: each file is read and decoded once.
    """

    def columns(row: Row, content: bytes) -> Row:
        if hashlib.sha256(content).hexdigest() != row["sha256"]:
            raise BadPicture("changed since it was mined", "its bytes are not the same")
        return {"content": reencoded(content, settings)}

    tasks = max(2 * files.sparkSession.sparkContext.defaultParallelism, count // PICTURES_A_TASK)
    spread = files.select("sha256", "image_id", "uri", "content").repartition(tasks, "sha256")
    fetch = partial(picture_bytes, root=root, anywhere=True)
    work = picture_task(columns, ("sha256",), MADE, fetch, AHEAD)
    return spread.mapInArrow(work, ", ".join(f"{f.name} {spark_type(f.type)}" for f in MADE))
