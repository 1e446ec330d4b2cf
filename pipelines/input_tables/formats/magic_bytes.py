"""What a file is by its first bytes, whatever its name says."""

import re
from typing import NamedTuple

HEAD_BYTES = 1 << 16


class Magic(NamedTuple):
    """A kind of file."""

    name: str
    role: str
    """table: read here. compression: bytes of another file. other: no table."""


KINDS: tuple[tuple[bytes, Magic], ...] = (
    (b"PAR1", Magic("parquet", "table")),
    (b"ARROW1", Magic("arrow", "table")),
    (b"\xff\xff\xff\xff", Magic("arrow", "table")),
    (b"\x1f\x8b", Magic("gzip", "compression")),
    (b"BZh", Magic("bz2", "compression")),
    (b"\xfd7zXZ\x00", Magic("xz", "compression")),
    (b"\x28\xb5\x2f\xfd", Magic("zstd", "compression")),
    (b"\x04\x22\x4d\x18", Magic("lz4", "compression")),
    (b"PK\x03\x04", Magic("zip", "compression")),
    (b"version https://git-lfs", Magic("a pointer of Git LFS, not the file", "other")),
    (b"PARE", Magic("an encrypted Parquet file", "other")),
    (b"ORC", Magic("an ORC file", "other")),
    (b"Obj\x01", Magic("an Avro file", "other")),
    (b"SQLite format 3\x00", Magic("a SQLite database", "other")),
    (b"7z\xbc\xaf\x27\x1c", Magic("a 7z archive", "other")),
    (b"Rar!", Magic("a RAR archive", "other")),
    (b"\xd0\xcf\x11\xe0", Magic("an old Excel or Office file", "other")),
    (b"%PDF", Magic("a PDF", "other")),
    (b"\x89HDF", Magic("an HDF5 file", "other")),
    (b"\x93NUMPY", Magic("a NumPy array", "other")),
    (b"\xff\xd8\xff", Magic("a JPEG picture", "other")),
    (b"\x89PNG", Magic("a PNG picture", "other")),
    (b"GIF8", Magic("a GIF picture", "other")),
    (b"RIFF", Magic("a WebP picture or other RIFF file", "other")),
    (b"\x00\x00\x00\x0cjP", Magic("a JPEG 2000 picture", "other")),
)
TAR = Magic("a tar archive", "other")
DUCKDB = Magic("a DuckDB database", "other")
PICKLE = re.compile(rb"\x80[\x02-\x05]", re.S)


def magic_of(head: bytes) -> Magic | None:
    """What the bytes at a file's beginning say; None for text and for what nobody knows.

    Args:
        head: its first bytes, 512 at least where there are so many.
    """
    for begin, kind in KINDS:
        if head.startswith(begin):
            return kind
    if head[257:262] == b"ustar":
        return TAR
    if head[8:12] == b"DUCK":
        return DUCKDB
    if head[4:12] in (b"ftypheic", b"ftypavif", b"ftypmif1", b"ftypheix"):
        return Magic("a HEIC or AVIF picture", "other")
    if PICKLE.match(head):
        return Magic("a Python pickle", "other")
    return None


def printable(raw: bytes | str, most: int = 60) -> str:
    """The beginning of a text for a message: no control characters reach a terminal."""
    text = raw.decode("utf-8", "replace") if isinstance(raw, bytes) else raw
    escaped = "".join(c if c.isprintable() else f"\\x{ord(c):02x}" if ord(c) < 256 else f"\\u{ord(c):04x}" for c in text[:most])
    return escaped + ("..." if len(text) > most else "")
