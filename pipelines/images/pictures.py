"""Steps: the sha256 of every picture's bytes, and a fingerprint for each that is new."""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import cv2
import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from pyspark.sql.pandas.types import from_arrow_schema

from pipelines.decode import BadPicture
from pipelines.images.fingerprint import Fingerprint, fingerprint
from pipelines.picture_file import picture_bytes
from schemas.mined import PICTURES

REFUSAL = [pa.field("reason", pa.string()), pa.field("detail", pa.string())]
"""Why a picture was refused; null where it was not."""
DIGESTS = pa.schema([pa.field(name, pa.string()) for name in ("uri", "image_id", "sha256")] + REFUSAL)
FINGERPRINTS = pa.schema([column.with_nullable(True) for column in PICTURES.columns] + REFUSAL)

PICTURES_A_TASK = 2_000
AHEAD = 128
"""Pictures whose bytes a task holds at a time."""
READERS = 8
"""Files that one task reads ahead at a time: an object store answers late, a decoder should not wait for it."""

Row = dict[str, Any]


def picture_digests(places: DataFrame, count: int) -> DataFrame:
    """DIGESTS rows, one for each row of `places`: the sha256 of its bytes, or why they cannot be had.

    Args:
        places: uri, image_id, content; a picture's bytes are its content, or else what stands at its uri.
        count: about how many there are, for the number of tasks.

    Cost: each picture's bytes are read, at the pace of the disk or the network.
    """
    spread = places.select("uri", "image_id", "content").repartition(_tasks(places, 1, count), F.coalesce("uri", "image_id"))
    return spread.mapInArrow(_working(_digest, DIGESTS), from_arrow_schema(DIGESTS))


def picture_fingerprints(files: DataFrame, count: int, settings: Fingerprint) -> DataFrame:
    """FINGERPRINTS rows, one for each row of `files`: the columns of PICTURES, or why it is refused.

    Args:
        files: uri, image_id, content as before, and sha256: one row a sha256, in the partitions in which to work.
        count: about how many there are, for the number of tasks.
        settings: how to fingerprint.

    Cost: each picture's bytes are read again and decoded, on all cores: 5 ms each.
    """

    def made(row: Row, content: bytes) -> Row:
        if hashlib.sha256(content).hexdigest() != row["sha256"]:
            raise BadPicture("changed while it was read", row["uri"] or row["image_id"])
        return fingerprint(content, settings)

    spread = files.select("uri", "image_id", "content", "sha256").repartition(_tasks(files, 2, count), "sha256")
    return spread.mapInArrow(_working(made, FINGERPRINTS), from_arrow_schema(FINGERPRINTS))


def _tasks(pictures: DataFrame, a_core: int, count: int) -> int:
    return max(a_core * pictures.sparkSession.sparkContext.defaultParallelism, count // PICTURES_A_TASK)


def _digest(_: Row, content: bytes) -> Row:
    return {"sha256": hashlib.sha256(content).hexdigest()}


def _working(make: Callable[[Row, bytes], Row], schema: pa.Schema) -> Callable[[Iterable[pa.RecordBatch]], Any]:
    """What a task does: read ahead, make each picture's columns, or say why it is refused."""

    def made(row: Row, content: bytes | BadPicture) -> Row:
        known = {name: row[name] for name in schema.names if name in row}
        try:
            if isinstance(content, BadPicture):
                raise content
            return known | make(row, content)
        except BadPicture as bad:
            return known | {"reason": bad.reason, "detail": f"{row['uri'] or row['image_id']}: {bad.detail}"}

    def work(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        cv2.setNumThreads(1)  # Spark runs a task a core already
        with ThreadPoolExecutor(READERS) as readers:
            for batch in batches:
                for start in range(0, batch.num_rows, AHEAD):
                    rows = batch.slice(start, AHEAD).to_pylist()
                    contents = readers.map(_content, rows)
                    read = [made(row, content) for row, content in zip(rows, contents, strict=True)]
                    yield pa.RecordBatch.from_pylist(read, schema=schema)

    return work


def _content(row: Row) -> bytes | BadPicture:
    """The picture's bytes; why they cannot be had is a value, to be told with the row."""
    if row["content"] is not None:
        return bytes(row["content"])
    if row["uri"] is None:
        return BadPicture("no picture", "neither a uri nor a row in --images")
    try:
        return picture_bytes(row["uri"])
    except BadPicture as bad:
        return bad
