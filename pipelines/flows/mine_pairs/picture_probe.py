"""Step: looks for a sample of the pictures before all are read: a wrong --image-root costs seconds, not the whole run."""

import os
from collections import Counter
from collections.abc import Sequence
from urllib.parse import unquote

from pyspark.sql import DataFrame, Row
from pyspark.sql import functions as F

from pipelines.flows.mine_pairs.id_match import mismatch
from pipelines.flows.mine_pairs.missing_pictures import (
    MOST_MISSING,
    PROBED,
    first_files,
    missing_message,
    other_roots,
    stops,
    suggestion,
)
from pipelines.media.picture_uri import Root, root_of
from pipelines.mining.images.fingerprint_step import picture_digests
from pipelines.mining.intake.validate_notes import Intake
from pipelines.workspace.progress_line import log_progress
from pipelines.workspace.uri_credentials import redacted
from schemas.errors import DataError

COMPARED_IDS = 200_000
"""Of the table of pictures' bytes, how many ids are compared with those of the notes."""


def probe_pictures(references: DataFrame, contents: DataFrame | None, image_root: str, intake: Intake) -> None:
    """Look for PROBED pictures, chosen by a hash of their ids; say so where most are missing.

    Args:
        references: COLUMNS of picture_references: image_id, uri.
        contents: image_id of the table of pictures' bytes, where there is one.
        image_root: what a relative uri is relative to.
        intake: how many pictures may be refused.

    Raises:
        DataError: so many are missing that the job would stop at its end.

    Cost: one pass over the references; PROBED pictures are read.
    """
    spark = references.sparkSession
    ordered = references.select("uri", "image_id", "note_id", "position").orderBy(F.xxhash64("image_id", "note_id"))
    rows = list({row["image_id"]: row for row in ordered.limit(PROBED).collect()}.values())
    if not rows:
        return
    schema = "uri string, image_id string, content binary"
    sample = spark.createDataFrame([(row["uri"], row["image_id"], None) for row in rows], schema)
    if contents is not None:
        sample = sample.join(contents.select("image_id"), on="image_id", how="left_anti")
    digests = picture_digests(sample, len(rows), image_root, anywhere=intake.any_uri)
    unread = digests.where(F.col("reason").isNotNull()).collect()
    if len(unread) <= MOST_MISSING * len(rows):
        return
    message = _message(unread, len(rows), contents, root_of(image_root))
    if stops(len(unread), len(rows), intake.max_refused_share):
        raise DataError(f"{message}. To go on all the same: --set intake.max_refused_share=1")
    log_progress(message)


def _message(unread: Sequence[Row], probed: int, contents: DataFrame | None, root: Root) -> str:
    uris = [_below(row["uri"], root) for row in unread if row["uri"] is not None]
    relative = [uri for uri in uris if not uri.startswith("/") and "://" not in uri]
    folder = "" if root.place.scheme else root.place.key
    hint = suggestion(relative, other_roots(folder), folder, _is_file) if relative and folder else None
    files = first_files(folder) if folder else None
    place = redacted(root.prefix.rstrip("/") or "/")
    message = missing_message(Counter(row["reason"] for row in unread), probed, [redacted(u) for u in uris], place, files, hint)
    if contents is None:
        return message
    named = contents.select("image_id").where(F.col("image_id").isNotNull()).orderBy("image_id").limit(COMPARED_IDS)
    others = [row[0] for row in named.collect()]
    ids = [row["image_id"] for row in unread]
    return f"{message}. Of --images: {mismatch(ids, others, ('notes', 'the table'))}" if others else message


def _below(uri: str, root: Root) -> str:
    """The uri as the note has it, where it is relative."""
    relative = uri.removeprefix(root.prefix)
    return unquote(relative) if root.decodes and relative != uri else relative


def _is_file(folder: str, name: str) -> bool:
    try:
        return os.path.isfile(os.path.join(folder, name))
    except ValueError:  # NUL
        return False
