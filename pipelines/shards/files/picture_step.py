"""The pictures that rows show, each file re-encoded once."""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import islice
from typing import Any

import cv2
import pyarrow as pa
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from pipelines.items.spark_columns import spark_type
from pipelines.media.decode import BadPicture
from pipelines.media.picture_bytes import Claim, picture_bytes
from pipelines.media.read_ahead import read_ahead
from pipelines.shards.files.intermediate_tables import SHOWN
from pipelines.shards.files.jpeg import Pictures, reencoded
from pipelines.workspace.uri_credentials import redacted

AHEAD = 32
"""Pictures that a task has under way at a time; their bytes are bounded by `read_ahead.BYTES_AHEAD`."""
PICTURES_A_TASK = 1_000
MADE = pa.schema([c.with_nullable(True) for c in SHOWN.columns])

Row = dict[str, Any]


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
    tasks = max(2 * files.sparkSession.sparkContext.defaultParallelism, count // PICTURES_A_TASK)
    spread = files.select("sha256", "image_id", "uri", "content").repartition(tasks, "sha256")
    fetch = partial(picture_bytes, root=root, anywhere=True)
    return spread.mapInArrow(_working(settings, fetch), ", ".join(f"{f.name} {spark_type(f.type)}" for f in MADE))


def _working(settings: Pictures, fetch: Callable[..., bytes]) -> Callable[[Iterable[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    def made(row: Row, content: bytes | BadPicture) -> Row:
        try:
            if isinstance(content, BadPicture):
                raise content
            if hashlib.sha256(content).hexdigest() != row["sha256"]:
                raise BadPicture("changed since it was mined", "its bytes are others")
            return {"sha256": row["sha256"], "content": reencoded(content, settings)}
        except BadPicture as bad:
            detail = f"{redacted(row['uri'] or row['image_id'])}: {bad.detail}"
            return {"sha256": row["sha256"], "reason": bad.reason, "detail": detail}

    def work(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        cv2.setNumThreads(1)  # Spark runs a task a core already
        for batch in batches:
            rows = (row for at in range(batch.num_rows) for row in batch.slice(at, 1).to_pylist())
            done = read_ahead(rows, partial(_content, fetch), made, AHEAD)
            while read := list(islice(done, AHEAD)):
                yield pa.RecordBatch.from_pylist(read, schema=MADE)

    return work


def _content(fetch: Callable[..., bytes], row: Row, claim: Claim) -> bytes | BadPicture:
    """The picture's bytes; why they cannot be had is a value, to be told with the row."""
    if row["content"] is not None:
        return bytes(row["content"])
    if row["uri"] is None:
        return BadPicture("no picture", "neither a uri nor a row in --images")
    try:
        return fetch(row["uri"], claim=claim)
    except BadPicture as bad:
        return bad
