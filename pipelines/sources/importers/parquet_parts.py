"""A folder of Parquet files, whole or not there at all: files of bounded size, written before the folder gets its name."""

import os
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.workspace.filesystem import sync
from pipelines.workspace.progress_line import log_progress
from schemas.errors import DataError

GROUP_ROWS, GROUP_BYTES = 122_880, 128 << 20
"""Rows and bytes in memory of a row group."""
FILE_BYTES = 64 << 20
"""A file is closed when it has this size; a row group more is what it may exceed it by."""
PROGRESS_ROWS = 1_000_000


def write_parts(folder: Path, write: Callable[[Path], int]) -> int:
    """Have a folder of parts written, and put it in the place of what is there; how many rows it has.

    Args:
        folder: its name; what has that name is replaced when all parts are written, not before.
        write: writes files into the folder that it is called with, and says how many rows they have.

    Raises:
        DataError: the folder cannot be written.
    """
    unfinished = folder.with_name(f".{folder.name}.{os.getpid()}.tmp")
    made_parent = not folder.parent.exists()
    try:
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(parents=True)
        rows = write(unfinished)
        for part in sorted(unfinished.iterdir()):
            sync(part)
        _put(unfinished, folder)
        made_parent = False
    except OSError as error:
        raise DataError(f"{folder}: cannot be written ({error}); give another --out") from None
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
        if made_parent and folder.parent.is_dir() and not any(folder.parent.iterdir()):
            folder.parent.rmdir()
    return rows


def write_tables(tables: Iterable[pa.Table], schema: pa.Schema, folder: Path, prefix: str = "part") -> int:
    """Write tables into files of a folder, zstd; how many rows there were. Every column may be null.

    Memory: a row group.
    """
    schema = pa.schema([column.with_nullable(True) for column in schema])
    rows, reported, pending, pending_bytes = 0, 0, list[pa.Table](), 0
    parts = _Parts(folder, prefix, schema)
    try:
        for table in tables:
            pending.append(table.cast(schema))
            pending_bytes += table.nbytes
            rows += len(table)
            if sum(map(len, pending)) >= GROUP_ROWS or pending_bytes >= GROUP_BYTES:
                parts.write(pa.concat_tables(pending))
                pending, pending_bytes = [], 0
            if rows - reported >= PROGRESS_ROWS:
                reported = rows
                log_progress(f"{folder.name.strip('.').partition('.')[0]}: {rows:,} rows")
        if pending or not parts.count:
            parts.write(pa.concat_tables(pending) if pending else schema.empty_table())
    finally:
        parts.close()
    return rows


class _Parts:
    """The file that is being written, and the next ones."""

    def __init__(self, folder: Path, prefix: str, schema: pa.Schema) -> None:
        self.count = 0
        self._folder, self._prefix, self._schema = folder, prefix, schema
        self._writer: pq.ParquetWriter | None = None
        self._path = folder

    def write(self, table: pa.Table) -> None:
        if self._writer is None:
            self._path = self._folder / f"{self._prefix}-{self.count:05d}.parquet"
            self._writer = pq.ParquetWriter(self._path, self._schema, compression="zstd")
            self.count += 1
        self._writer.write_table(table, row_group_size=max(1, len(table)))
        if self._path.stat().st_size >= FILE_BYTES:
            self.close()

    def close(self) -> None:
        if self._writer is not None:
            self._writer.close()
            self._writer = None


def _put(unfinished: Path, folder: Path) -> None:
    """The new folder in the place of the old file or folder; between the two renames neither is there."""
    old = folder.with_name(f".{folder.name}.{os.getpid()}.old")
    if folder.is_symlink() or folder.exists():
        folder.rename(old)
    unfinished.rename(folder)
    sync(folder.parent)
    if old.is_dir() and not old.is_symlink():
        shutil.rmtree(old, ignore_errors=True)
    else:
        old.unlink(missing_ok=True)
