"""The bytes of a file, decompressed where they are compressed, some megabytes at a time."""

import bz2
import gzip
import lzma
import shlex
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import IO, Any

import pyarrow as pa

from pipelines.input_tables.files.file_names import format_of_name
from pipelines.input_tables.files.folders import is_hidden
from pipelines.input_tables.files.places import FilePlace, open_place
from schemas.errors import DataError

CHUNK_BYTES = 4 << 20
DAMAGED = (EOFError, zlib.error, lzma.LZMAError, gzip.BadGzipFile, zipfile.BadZipFile, pa.ArrowInvalid, OSError, RuntimeError)


@contextmanager
def open_bytes(place: FilePlace, compression: str | None) -> Iterator[IO[bytes]]:
    """A file's bytes, decompressed.

    Raises:
        DataError: on opening and, within the block, while reading: it is gone, damaged, cut off or refused.
    """
    system, path = open_place(place)
    try:
        with system.open_input_file(path) as raw:
            yield _decompressed(raw, compression, place)
    except DataError:
        raise
    except DAMAGED as error:
        raise DataError(f"{place.uri}: cannot be read: {_reason(error, compression)}") from None


def chunks(stream: IO[bytes], size: int = CHUNK_BYTES) -> Iterator[bytes]:
    """The rest of a stream."""
    while chunk := stream.read(size):
        yield bytes(chunk)


def _decompressed(raw: pa.NativeFile, compression: str | None, place: FilePlace) -> Any:  # noqa: ANN401
    openers: dict[str, Callable[[], Any]] = {
        "gzip": lambda: gzip.GzipFile(fileobj=raw, mode="rb"),
        "bz2": lambda: bz2.BZ2File(raw),
        "xz": lambda: lzma.LZMAFile(raw),  # noqa: SIM115  # the file below it is closed
        "zstd": lambda: pa.CompressedInputStream(raw, "zstd"),
        "lz4": lambda: pa.CompressedInputStream(raw, "lz4"),
        "zip": lambda: _only_member(raw, place),
    }
    return openers[compression]() if compression else raw


def _only_member(raw: pa.NativeFile, place: FilePlace) -> IO[bytes]:
    """The one table in a zip file."""
    try:
        archive = zipfile.ZipFile(raw)
    except (zipfile.BadZipFile, OSError, pa.ArrowInvalid):
        raise DataError(f"{place.uri}: begins as a zip or Excel file and is damaged; unpack it, or save it as CSV") from None
    names = [name for name in archive.namelist() if not name.endswith("/") and not is_hidden(name.rpartition("/")[2])]
    if any(name.startswith(("xl/", "word/", "[Content_Types]")) for name in names):
        raise DataError(f"{place.uri} is an Excel or Office file; save it as CSV (UTF-8)")
    tables = [name for name in names if format_of_name(name)] or names
    if len(tables) != 1:
        shown, file = ", ".join(tables[:3]), shlex.quote(place.key)
        raise DataError(f"{place.uri}: a zip file with {len(tables)} tables, {shown}; unpack it: unzip {file}")
    return archive.open(tables[0])


def _reason(error: Exception, compression: str | None) -> str:
    if isinstance(error, EOFError) or "ended before the end-of-stream" in str(error):
        return f"its {compression} data end too early; fetch or write the file again"
    return " ".join(str(error).split())[:300] or type(error).__name__
