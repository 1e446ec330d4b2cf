"""Writes and reads the Parquet files of a run without Spark: sorted, zstd, of bounded size, with checksums."""

import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.workspace.error_messages import damaged_file
from pipelines.workspace.filesystem import checksum, open_filesystem
from pipelines.workspace.manifest import DataFile
from pipelines.workspace.run_folder import Run
from schemas.errors import DataError
from schemas.table import Table

ROWS_PER_FILE = 500_000
BYTES_PER_FILE = 1 << 30
"""Size in memory; a vector of a large model takes 16 KB."""

READ_BYTES = 1 << 20
TAIL, MAGIC = 8, b"PAR1"
"""A Parquet file ends with the length of its footer and these letters, 8 bytes in all."""
MISSING_COLUMN = re.compile(r"No match for FieldRef\.Name\((\w+)\)")
"""How Arrow says that a file lacks a column."""


def sum_and_rows(uri: str) -> tuple[int, str, int]:
    """Return size in bytes, sha256 and row count of a Parquet file."""
    system, path = open_filesystem(uri)
    size, digest = checksum(uri)
    return size, digest, int(pq.read_metadata(path, filesystem=system).num_rows)


class Sums(NamedTuple):
    """Size, row count and checksums of a Parquet file, as its manifest stores them."""

    size_bytes: int
    sha256: str
    rows: int
    data_sha256: str


def sums(uri: str) -> Sums:
    """Compute size, rows and two checksums of a Parquet file: over all bytes, and over those before the footer.

    Java lists a column's encodings in an order that differs between processes, so files of equal rows have different footers. A
    fingerprint over the whole file would make every stage downstream run again.

    Cost: the file is read once, in pieces.
    """
    system, path = open_filesystem(uri)
    with system.open_input_file(path) as file:
        size = file.size()
        file.seek(max(0, size - TAIL))
        tail = file.read(TAIL)
        if len(tail) < TAIL or tail[4:] != MAGIC:
            raise DataError(f"{damaged_file(uri)} (it has no Parquet footer)")
        file.seek(0)
        digest = hashlib.sha256()
        _digest(file, max(0, size - TAIL - int.from_bytes(tail[:4], "little")), digest)
        data_sha256 = digest.hexdigest()
        _digest(file, size, digest)
    return Sums(size, digest.hexdigest(), int(pq.read_metadata(path, filesystem=system).num_rows), data_sha256)


def _digest(file: pa.NativeFile, end: int, digest: "hashlib._Hash") -> None:
    """Update the digest with the file's bytes up to offset `end`."""
    while file.tell() < end and (chunk := file.read(min(READ_BYTES, end - file.tell()))):
        digest.update(chunk)


def write_parts(parts: Iterable[pa.Table], table: Table, run: Run) -> list[DataFile]:
    """Write the files of a run.

    Args:
        parts: rows in the order of the table's key, in pieces of any size; one or two are in memory at a time.
        table: their table.
        run: the folder to write to.

    Raises:
        RuntimeError: rows are out of order or share a key, so equal inputs would not give equal files.
    """
    files: list[DataFile] = []
    last: tuple[object, ...] | None = None
    for rows in _file_sized(parts, table):
        table.check(rows.schema)
        last = _check_order(rows, table, last)
        name = f"part-{len(files):05}.zstd.parquet"
        write_file(rows.cast(table.columns), f"{run.folder.uri}/{name}")
        size, digest, count = sum_and_rows(f"{run.folder.uri}/{name}")
        files.append(DataFile(path=f"{run.path}/{name}", rows=count, size_bytes=size, sha256=digest))
    return files


def write_file(rows: pa.Table, uri: str) -> None:
    """Write one zstd Parquet file, and create its folder."""
    system, path = open_filesystem(uri)
    system.create_dir(path.rsplit("/", 1)[0], recursive=True)
    pq.write_table(rows, path, filesystem=system, compression="zstd", write_page_checksum=True)


def read_file(uri: str, columns: Sequence[str] | None = None) -> pa.Table:
    """Read one Parquet file.

    Raises:
        DataError: the file is missing or damaged, or lacks a column.
    """
    system, path = open_filesystem(uri)
    try:
        return pq.read_table(path, filesystem=system, columns=columns, page_checksum_verification=True)
    except (OSError, pa.ArrowInvalid) as error:
        if missing := MISSING_COLUMN.search(str(error)):
            raise DataError(
                f"{uri}: no column {missing[1]!r}; another version of the project published it: run the job that makes it again"
            ) from None
        raise DataError(f"{damaged_file(uri)} ({error})") from None


def _file_sized(parts: Iterable[pa.Table], table: Table) -> Iterator[pa.Table]:
    """Regroup parts into tables of one file's size each; yields one empty table if there are no rows."""
    pending: list[pa.Table] = []
    written = False
    for part in parts:
        pending.append(part)
        while sum(map(len, pending)) >= ROWS_PER_FILE or sum(t.nbytes for t in pending) >= BYTES_PER_FILE:
            joined = pa.concat_tables(pending)
            yield joined.slice(0, ROWS_PER_FILE)
            pending, written = [joined.slice(ROWS_PER_FILE)], True
    rest = pa.concat_tables(pending) if pending else table.columns.empty_table()
    if len(rest) or not written:
        yield rest


def _check_order(rows: pa.Table, table: Table, last: tuple[object, ...] | None) -> tuple[object, ...] | None:
    """Check that keys increase from `last` on, and return the key of the last row."""
    columns = [_column(rows, key).to_pylist() for key in table.key]
    for key in zip(*columns, strict=True):
        if last is not None and key <= last:
            raise RuntimeError(f"{table.name}: the row with key {key} comes after {last}")
        last = key
    return last


def _column(rows: pa.Table, key: str) -> pa.ChunkedArray:
    name, *fields = key.split(".")
    column = rows.column(name)
    for field in fields:
        column = pa.chunked_array([chunk.field(field) for chunk in column.chunks], column.type.field(field).type)
    return column
