"""A finished chunk is a file: it outlives the actor, the job and the machine that made it."""

import hashlib
import io

import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.workspace.filesystem import Folder
from pipelines.workspace.progress_line import log_progress
from schemas.errors import DataError

REFUSED = "_too_many_were_refused"
"""A file of this name says that a job has ended over the rows that were refused: none of them is an answer."""


def write_chunk(rows: pa.Table, folder: Folder, name: str) -> None:
    """A chunk's file, at once."""
    buffer = io.BytesIO()
    pq.write_table(rows, buffer, compression="zstd", write_page_checksum=True)
    folder.write(name, buffer.getvalue())


def chunk_name(rows: pa.Table, stamp: str) -> str:
    """A chunk is named by what goes in: its rows, and what else the result follows from."""
    digest = hashlib.sha256(stamp.encode())
    for batch in rows.combine_chunks().to_batches():
        digest.update(repr(batch.to_pylist()).encode())
    return f"{digest.hexdigest()[:32]}.parquet"


def read_chunk(folder: Folder, name: str, columns: list[str] | None = None) -> pa.Table:
    """A chunk's rows.

    Raises:
        FileNotFoundError: the file is gone.
        DataError: it is damaged.
    """
    content = folder.read(name)
    if content is None:
        raise FileNotFoundError(f"{folder.uri}/{name}: was there when the job began; do two jobs work here?")
    try:
        return pq.read_table(io.BytesIO(content), columns=columns, page_checksum_verification=True)
    except (OSError, pa.ArrowException) as error:
        raise DataError(f"{folder.uri}/{name}: damaged ({error}); run the job again: it makes this chunk anew") from None


def whole_chunk(folder: Folder, name: str) -> pa.Table | None:
    """A chunk's rows, or None where the file cannot be read to its end, as after a power cut: it is to be made anew."""
    try:
        rows = read_chunk(folder, name)
        if "reason" not in rows.column_names:
            raise DataError(f"{folder.uri}/{name}: damaged (no column 'reason')")
        return rows
    except DataError as error:
        log_progress(str(error).split("; run")[0] + "; it is made anew")
        return None
