"""Parquet files of a run, written and read without Spark: sorted zstd, at most so many rows each, checksummed."""

import hashlib
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
"""In memory; a vector of a large model has 16 KB."""

READ_BYTES = 1 << 20
TAIL, MAGIC = 8, b"PAR1"
"""At a Parquet file's end: the length of its footer, and these letters."""


def sum_and_rows(uri: str) -> tuple[int, str, int]:
    """Size, sha256 and rows of a Parquet file."""
    system, path = open_filesystem(uri)
    size, digest = checksum(uri)
    return size, digest, int(pq.read_metadata(path, filesystem=system).num_rows)


class Sums(NamedTuple):
    """What a manifest says of a Parquet file."""

    size_bytes: int
    sha256: str
    rows: int
    data_sha256: str


def sums(uri: str) -> Sums:
    """Size, rows and two checksums of a Parquet file: of all bytes, and of those before the footer.

    Java lists the encodings of a column in another order in each process, so that equal rows have footers that differ: by
    the sum of the file, whatever is made again would be something else, and so would all that is made of it.

    Cost: the file is read once, in pieces.
    """
    system, path = open_filesystem(uri)
    with system.open_input_file(path) as file:
        size = file.size()
        file.seek(max(0, size - TAIL))
        tail = file.read(TAIL)
        if len(tail) < TAIL or tail[4:] != MAGIC:
            raise DataError(f"{damaged_file(uri)} (it does not end as a Parquet file does)")
        file.seek(0)
        digest = hashlib.sha256()
        _digest(file, max(0, size - TAIL - int.from_bytes(tail[:4], "little")), digest)
        data_sha256 = digest.hexdigest()
        _digest(file, size, digest)
    return Sums(size, digest.hexdigest(), int(pq.read_metadata(path, filesystem=system).num_rows), data_sha256)


def _digest(file: pa.NativeFile, end: int, digest: "hashlib._Hash") -> None:
    """Go on with a file's digest up to a byte of it."""
    while file.tell() < end and (chunk := file.read(min(READ_BYTES, end - file.tell()))):
        digest.update(chunk)


def write_parts(parts: Iterable[pa.Table], table: Table, run: Run) -> list[DataFile]:
    """The files of a run.

    Args:
        parts: rows in the order of the table's key, in as many pieces as is convenient; one or two are held at a time.
        table: what they are rows of.
        run: where to.

    Raises:
        RuntimeError: rows out of order, or two with one key: equal inputs would not give equal files.
    """
    found: list[DataFile] = []
    last: tuple[object, ...] | None = None
    for rows in _filled(parts, table):
        table.check(rows.schema)
        last = _in_order(rows, table, last)
        name = f"part-{len(found):05}.zstd.parquet"
        write_file(rows.cast(table.columns), f"{run.folder.uri}/{name}")
        size, digest, count = sum_and_rows(f"{run.folder.uri}/{name}")
        found.append(DataFile(path=f"{run.path}/{name}", rows=count, size_bytes=size, sha256=digest))
    return found


def write_file(rows: pa.Table, uri: str) -> None:
    """One zstd Parquet file; its folder is made."""
    system, path = open_filesystem(uri)
    system.create_dir(path.rsplit("/", 1)[0], recursive=True)
    pq.write_table(rows, path, filesystem=system, compression="zstd", write_page_checksum=True)


def read_file(uri: str, columns: Sequence[str] | None = None) -> pa.Table:
    """The rows of one Parquet file.

    Raises:
        DataError: it is not there, or damaged.
    """
    system, path = open_filesystem(uri)
    try:
        return pq.read_table(path, filesystem=system, columns=columns, page_checksum_verification=True)
    except (OSError, pa.ArrowInvalid) as error:
        raise DataError(f"{damaged_file(uri)} ({error})") from None


def _filled(parts: Iterable[pa.Table], table: Table) -> Iterator[pa.Table]:
    """The parts as tables of a file's size each; one without rows when there are none."""
    held: list[pa.Table] = []
    written = False
    for part in parts:
        held.append(part)
        while sum(map(len, held)) >= ROWS_PER_FILE or sum(t.nbytes for t in held) >= BYTES_PER_FILE:
            whole = pa.concat_tables(held)
            yield whole.slice(0, ROWS_PER_FILE)
            held, written = [whole.slice(ROWS_PER_FILE)], True
    rest = pa.concat_tables(held) if held else table.columns.empty_table()
    if len(rest) or not written:
        yield rest


def _in_order(rows: pa.Table, table: Table, last: tuple[object, ...] | None) -> tuple[object, ...] | None:
    """The key of the last row, after a look at all of them."""
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
