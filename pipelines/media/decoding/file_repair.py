"""Files that browsers show and Pillow refuses: a JPEG without its last bytes, a PNG with a damaged text. Pure."""

from collections.abc import Iterator
from struct import unpack_from

PNG = b"\x89PNG\r\n\x1a\n"
END_OF_JPEG = b"\xff\xd9"
FILLERS = b"\x55" * 512, b"\xb3" * 512
"""Bytes in place of a JPEG's lost ones; where pictures with one and with the other differ, its data are lost."""
TEXTS = (b"tEXt", b"zTXt", b"iTXt")
UNREAD_FORMATS = {
    b"heic": "HEIC", b"heix": "HEIC", b"hevc": "HEIC", b"heim": "HEIC", b"heis": "HEIC", b"mif1": "HEIF", b"msf1": "HEIF",
}  # fmt: skip
"""Brands of an ISO media file, bytes 8 to 12."""


def completed_jpegs(content: bytes) -> list[bytes]:
    """The JPEG with each of FILLERS and an end in place of what it lacks."""
    return [content + filler + END_OF_JPEG for filler in FILLERS]


def without_texts(content: bytes) -> bytes:
    """The PNG without its texts, which may be damaged or too long; the same bytes if it has none."""
    return content[: len(PNG)] + b"".join(chunk for kind, chunk in _chunks(content) if kind not in TEXTS)


def unread_format(content: bytes) -> str | None:
    """The name of a picture format that is not read, by the file's first bytes; None if it is none of these."""
    if content[4:8] == b"ftyp":
        return UNREAD_FORMATS.get(content[8:12])
    if content.startswith((b"\xff\x0a", b"\x00\x00\x00\x0cJXL \r\n\x87\n")):
        return "JPEG XL"
    return None


def _chunks(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    """The kind and the bytes of each chunk of a PNG; the last one may be cut short."""
    at = len(PNG)
    while at + 8 <= len(content):
        end = at + 12 + int(unpack_from(">I", content, at)[0])
        yield content[at + 4 : at + 8], content[at:end]
        at = end
