"""The pictures that rows show, each file re-encoded once."""

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
from pipelines.shards.files.intermediate_tables import SHOWN
from pipelines.shards.files.jpeg import Pictures, reencoded

AHEAD = 32
"""Pictures that a task has under way at a time."""
PICTURES_A_TASK = 1_000
MADE = pa.schema([c.with_nullable(True) for c in SHOWN.columns])


def image_ids(items: Column) -> Column:
    """The pictures that some items show, each once."""
    return F.array_distinct(F.flatten(F.transform(items, lambda item: item["image_ids"])))


def all_items(rows: DataFrame) -> Column:
    """The items of a row of SFT_ROWS or RL_ROWS."""
    first = [F.col(name) for name in ("query",)] + ([F.col("positive.item")] if "positive" in rows.columns else [])
    return F.concat(F.array(*first), F.transform("candidates", lambda c: c["item"]))


def shown_files(rows: Iterable[DataFrame], images: DataFrame) -> DataFrame:
    """sha256, image_id, uri: one place of each picture file that a row shows.

    Args:
        rows: SFT_ROWS, RL_ROWS.
        images: IMAGES.

    Cost: one shuffle of the rows' image ids, distinct within each row.
    """
    ids = [kind.select(F.explode(image_ids(all_items(kind))).alias("image_id")).distinct() for kind in rows]
    wanted = ids[0]
    for more in ids[1:]:
        wanted = wanted.unionByName(more)
    found = images.select("image_id", "sha256", "uri").join(wanted.distinct(), on="image_id", how="left_semi")
    return found.groupBy("sha256").agg(F.min(F.struct("image_id", "uri")).alias("p")).select("sha256", "p.image_id", "p.uri")


def reencode(files: DataFrame, count: int, settings: Pictures, root: str | None = None) -> DataFrame:
    """SHOWN: each file as JPEG, or why not.

    Args:
        files: sha256, image_id, uri, content: its bytes, or null: what stands at its uri.
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
