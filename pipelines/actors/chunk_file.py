"""A finished chunk is a file: it outlives the actor, the job and the machine that made it."""

import hashlib
import io

import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.workspace.files import Folder


def write_chunk(rows: pa.Table, folder: Folder, name: str) -> None:
    """A chunk's file, at once."""
    buffer = io.BytesIO()
    pq.write_table(rows, buffer, compression="zstd")
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
    """
    content = folder.read(name)
    if content is None:
        raise FileNotFoundError(f"{folder.uri}/{name}: was there when the job began; do two jobs work here?")
    return pq.read_table(io.BytesIO(content), columns=columns)
