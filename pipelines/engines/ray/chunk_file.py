"""Finished chunks as files: they survive the actor, the job and the machine that made them."""

import hashlib
import io

import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.workspace.filesystem import Folder
from pipelines.workspace.progress_line import log_progress
from schemas.errors import DataError

FAILED_RUN = "_too_many_were_refused"
"""Name of a marker file: a job ended because too many rows failed, so no failed row counts as done."""


def write_chunk(rows: pa.Table, folder: Folder, name: str) -> None:
    """Write a chunk's file in one step."""
    buffer = io.BytesIO()
    pq.write_table(rows, buffer, compression="zstd", write_page_checksum=True)
    folder.write(name, buffer.getvalue())


def chunk_name(rows: pa.Table, stamp: str) -> str:
    """File name of a chunk: a hash of its rows and of `stamp`, what else the result depends on."""
    digest = hashlib.sha256(stamp.encode())
    for batch in rows.combine_chunks().to_batches():
        digest.update(repr(batch.to_pylist()).encode())
    return f"{digest.hexdigest()[:32]}.parquet"


def read_chunk(folder: Folder, name: str, columns: list[str] | None = None) -> pa.Table:
    """Read a chunk's rows.

    Raises:
        FileNotFoundError: the file is gone.
        DataError: it is damaged.
    """
    content = folder.read(name)
    if content is None:
        raise FileNotFoundError(f"{folder.uri}/{name}: existed when the job began; are two jobs running here?")
    try:
        return pq.read_table(io.BytesIO(content), columns=columns, page_checksum_verification=True)
    except (OSError, pa.ArrowException) as error:
        raise DataError(f"{folder.uri}/{name}: damaged ({error}); run the job again to redo this chunk") from None


def read_if_intact(folder: Folder, name: str) -> pa.Table | None:
    """Read a chunk's rows; None if the file is incomplete, as after a power cut: the chunk is to be redone."""
    try:
        rows = read_chunk(folder, name)
        if "reason" not in rows.column_names:
            raise DataError(f"{folder.uri}/{name}: damaged (no column 'reason')")
        return rows
    except DataError as error:
        log_progress(str(error).split("; run")[0] + "; redoing this chunk")
        return None
