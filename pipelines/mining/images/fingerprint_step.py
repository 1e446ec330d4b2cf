"""Steps: the sha256 of every picture's bytes, and a fingerprint for each new one."""

import hashlib
from functools import partial

import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from pyspark.sql.pandas.types import from_arrow_schema

from pipelines.media.decode import BadPicture
from pipelines.media.picture_bytes import picture_bytes
from pipelines.media.picture_task import Row, picture_task
from pipelines.mining.images.fingerprint.fingerprint import Fingerprint, fingerprint
from schemas.intermediate import PICTURES

REFUSAL = [pa.field("reason", pa.string()), pa.field("detail", pa.string())]
"""Why a picture was refused; null where it was not."""
DIGESTS = pa.schema([pa.field(name, pa.string()) for name in ("uri", "image_id", "sha256")] + REFUSAL)
FINGERPRINTS = pa.schema([column.with_nullable(True) for column in PICTURES.columns] + REFUSAL)

PICTURES_A_TASK = 2_000
AHEAD = 128
"""Pictures that a task has under way at a time."""


def picture_digests(places: DataFrame, count: int, root: str | None = None, *, anywhere: bool = False) -> DataFrame:
    """DIGESTS rows, one for each row of `places`: the sha256 of its bytes, or why they cannot be had.

    Args:
        places: uri, image_id, content; a picture's bytes are its content, or else those at its uri.
        count: about how many there are, for the number of tasks.
        root: the folder that uris must lie below, with options for its store; None: anywhere.
        anywhere: they may lie elsewhere, too.

    Cost: each picture's bytes are read, at the pace of the disk or the network.
    """
    spread = places.select("uri", "image_id", "content").repartition(_tasks(places, 1, count), F.coalesce("uri", "image_id"))
    fetch = partial(picture_bytes, root=root, anywhere=anywhere)
    return spread.mapInArrow(picture_task(_digest, ("uri", "image_id"), DIGESTS, fetch, AHEAD), from_arrow_schema(DIGESTS))


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

    def columns(row: Row, content: bytes) -> Row:
        if hashlib.sha256(content).hexdigest() != row["sha256"]:
            raise BadPicture("changed while it was read", "its bytes are not the same")
        return fingerprint(content, settings)

    spread = files.select("uri", "image_id", "content", "sha256").repartition(_tasks(files, 2, count), "sha256")
    fetch = partial(picture_bytes, root=root, anywhere=anywhere)
    return spread.mapInArrow(picture_task(columns, ("sha256",), FINGERPRINTS, fetch, AHEAD), from_arrow_schema(FINGERPRINTS))


def _tasks(pictures: DataFrame, a_core: int, count: int) -> int:
    return max(a_core * pictures.sparkSession.sparkContext.defaultParallelism, count // PICTURES_A_TASK)


def _digest(_: Row, content: bytes) -> Row:
    return {"sha256": hashlib.sha256(content).hexdigest()}
