"""Steps: the sha256 of every picture's bytes, and a fingerprint for each that is new."""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import islice
from typing import Any

import cv2
import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from pyspark.sql.pandas.types import from_arrow_schema

from pipelines.media.decode import BadPicture
from pipelines.media.picture_bytes import Claim, picture_bytes
from pipelines.media.read_ahead import read_ahead
from pipelines.mining.images.fingerprint.fingerprint import Fingerprint, fingerprint
from pipelines.workspace.uri_credentials import redacted
from schemas.intermediate import PICTURES

REFUSAL = [pa.field("reason", pa.string()), pa.field("detail", pa.string())]
"""Why a picture was refused; null where it was not."""
DIGESTS = pa.schema([pa.field(name, pa.string()) for name in ("uri", "image_id", "sha256")] + REFUSAL)
FINGERPRINTS = pa.schema([column.with_nullable(True) for column in PICTURES.columns] + REFUSAL)

PICTURES_A_TASK = 2_000
AHEAD = 128
"""Pictures that a task has under way at a time; their bytes are bounded by `read_ahead.BYTES_AHEAD`."""

Row = dict[str, Any]


def picture_digests(places: DataFrame, count: int, root: str | None = None, *, anywhere: bool = False) -> DataFrame:
    """DIGESTS rows, one for each row of `places`: the sha256 of its bytes, or why they cannot be had.

    Args:
        places: uri, image_id, content; a picture's bytes are its content, or else what stands at its uri.
        count: about how many there are, for the number of tasks.
        root: the folder that uris must lie below, with options for its store; None: anywhere.
        anywhere: they may lie elsewhere, too.

    Cost: each picture's bytes are read, at the pace of the disk or the network.
    """
    spread = places.select("uri", "image_id", "content").repartition(_tasks(places, 1, count), F.coalesce("uri", "image_id"))
    fetch = partial(picture_bytes, root=root, anywhere=anywhere)
    return spread.mapInArrow(_working(_digest, DIGESTS, fetch), from_arrow_schema(DIGESTS))


def picture_fingerprints(
    files: DataFrame, count: int, settings: Fingerprint, root: str | None = None, *, anywhere: bool = False
) -> DataFrame:
    """FINGERPRINTS rows, one for each row of `files`: the columns of PICTURES, or why it is refused.

    Args:
        files: uri, image_id, content as before, and sha256: one row a sha256, in the partitions in which to work.
        count: about how many there are, for the number of tasks.
        settings: how to fingerprint.
        root: as before.
        anywhere: as before.

    Cost: each picture's bytes are read again and decoded, on all cores: 5 ms each.
    """

    def made(row: Row, content: bytes) -> Row:
        if hashlib.sha256(content).hexdigest() != row["sha256"]:
            raise BadPicture("changed while it was read", "its bytes are others")
        return fingerprint(content, settings)

    spread = files.select("uri", "image_id", "content", "sha256").repartition(_tasks(files, 2, count), "sha256")
    fetch = partial(picture_bytes, root=root, anywhere=anywhere)
    return spread.mapInArrow(_working(made, FINGERPRINTS, fetch), from_arrow_schema(FINGERPRINTS))


def _tasks(pictures: DataFrame, a_core: int, count: int) -> int:
    return max(a_core * pictures.sparkSession.sparkContext.defaultParallelism, count // PICTURES_A_TASK)


def _digest(_: Row, content: bytes) -> Row:
    return {"sha256": hashlib.sha256(content).hexdigest()}


def _working(
    make: Callable[[Row, bytes], Row], schema: pa.Schema, fetch: Callable[..., bytes]
) -> Callable[[Iterable[pa.RecordBatch]], Any]:
    """What a task does: read ahead, make each picture's columns, or say why it is refused."""

    def made(row: Row, content: bytes | BadPicture) -> Row:
        known = {name: row[name] for name in schema.names if name in row}
        try:
            if isinstance(content, BadPicture):
                raise content
            return known | make(row, content)
        except BadPicture as bad:
            return known | {"reason": bad.reason, "detail": f"{redacted(row['uri'] or row['image_id'])}: {bad.detail}"}

    def work(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        cv2.setNumThreads(1)  # Spark runs a task a core already
        for batch in batches:
            rows = (row for at in range(batch.num_rows) for row in batch.slice(at, 1).to_pylist())
            done = read_ahead(rows, partial(_content, fetch), made, AHEAD)
            while read := list(islice(done, AHEAD)):
                yield pa.RecordBatch.from_pylist(read, schema=schema)

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
