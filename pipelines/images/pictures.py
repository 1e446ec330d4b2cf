"""Step: read every picture once, decode the ones whose bytes are new, refuse the bad ones."""

import hashlib
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import cv2
import pyarrow as pa
from pyspark import SparkFiles
from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from pyspark.sql.pandas.types import from_arrow_schema

from pipelines.images.decode import BadPicture
from pipelines.images.fingerprint import Fingerprint, fingerprint
from pipelines.images.known import Digests, is_known, load_known, save_known
from pipelines.workspace.files import open_filesystem
from schemas.mined import PICTURES

READ = pa.schema(
    [
        pa.field("uri", pa.string()),
        pa.field("image_id", pa.string()),
        pa.field("reason", pa.string()),
        pa.field("detail", pa.string()),
        *[column.with_nullable(True) for column in PICTURES.columns],
    ]
)
"""A picture that was read: its sha256, and either why it was refused, or its fingerprint, or (known) neither."""

PICTURES_A_TASK = 2_000
RECENT = 2_000
"""Fingerprints, 15 kB each, that a worker process remembers: copies of the same bytes are decoded once."""
AHEAD = 128
"""Pictures whose bytes a task holds at a time."""
READERS = 8
"""Files that one task reads ahead at a time: an object store answers late, a decoder should not wait for it."""


def read_pictures(places: DataFrame, count: int, known: DataFrame | None, settings: Fingerprint) -> DataFrame:
    """READ rows, one for each row of `places`.

    Args:
        places: uri, image_id, content; a picture's bytes are its content, or else what stands at its uri.
        count: about how many there are, for the number of tasks.
        known: sha256 of pictures that were fingerprinted before with these settings, or None.
        settings: how to fingerprint.

    Cost: each picture's bytes are read once; the new ones are decoded once, on all cores.
    """
    spark = places.sparkSession
    name = _ship_known(known) if known is not None else None
    tasks = max(4 * spark.sparkContext.defaultParallelism, count // PICTURES_A_TASK)

    def work(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        cv2.setNumThreads(1)  # Spark runs a task a core already
        digests = load_known(Path(SparkFiles.get(name))) if name else None
        with ThreadPoolExecutor(READERS) as readers:
            for batch in batches:
                for start in range(0, batch.num_rows, AHEAD):
                    rows = batch.slice(start, AHEAD).to_pylist()
                    contents = readers.map(_content, rows)
                    read = [_read(row, content, digests, settings) for row, content in zip(rows, contents, strict=True)]
                    yield pa.RecordBatch.from_pylist(read, schema=READ)

    spread = places.select("uri", "image_id", "content").repartition(tasks, F.coalesce("uri", "image_id"))
    return spread.mapInArrow(work, from_arrow_schema(READ))


def _ship_known(known: DataFrame) -> str:
    import tempfile

    file = Path(tempfile.mkdtemp(prefix="uninote-known-")) / "known.npy"
    save_known(known.select("sha256").toArrow()["sha256"].to_pylist(), file)
    known.sparkSession.sparkContext.addFile(str(file))
    return file.name


def _content(row: dict[str, Any]) -> bytes | BadPicture:
    """The picture's bytes; why they cannot be had is a value, to be told with the row."""
    if row["content"] is not None:
        return bytes(row["content"])
    if row["uri"] is None:
        return BadPicture("no picture", "neither a uri nor a row in --images")
    try:
        system, path = open_filesystem(row["uri"])
        with system.open_input_stream(path) as stream:
            return bytes(stream.read())
    except FileNotFoundError:
        return BadPicture("missing file", row["uri"])
    except (OSError, ValueError) as error:
        return BadPicture("unreadable file", f"{row['uri']}: {error}"[:300])


def _read(row: dict[str, Any], content: bytes | BadPicture, known: Digests | None, settings: Fingerprint) -> dict[str, Any]:
    out: dict[str, Any] = {"uri": row["uri"], "image_id": row["image_id"]}
    if isinstance(content, BadPicture):
        return out | {"reason": content.reason, "detail": content.detail}
    out["sha256"] = hashlib.sha256(content).hexdigest()
    if known is not None and is_known(out["sha256"], known):
        return out
    try:
        return out | _fingerprint_once(out["sha256"], content, settings)
    except BadPicture as bad:
        return out | {"reason": bad.reason, "detail": f"{row['uri'] or row['image_id']}: {bad.detail}"}


_recent: OrderedDict[tuple[str, Fingerprint], dict[str, Any]] = OrderedDict()


def _fingerprint_once(sha256: str, content: bytes, settings: Fingerprint) -> dict[str, Any]:
    """`fingerprint`, unless this worker process has just made it."""
    key = (sha256, settings)
    if key not in _recent:
        _recent[key] = fingerprint(content, settings)
        if len(_recent) > RECENT:
            _recent.popitem(last=False)
    return _recent[key]
