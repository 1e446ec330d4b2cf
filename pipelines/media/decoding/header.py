"""Reads from a file's header what decoding it will cost, before any decoder is started. Pure.

A picture is ordinary when its header bounds time and memory: a JPEG, PNG, WebP or GIF of usual size whose metadata is small. It
is decoded in the same process. Anything else is decoded by `worker_process`, under limits that the kernel enforces.
"""

import re
from dataclasses import dataclass
from struct import unpack_from

INSIDE_PIXELS = 8_000_000
"""Most pixels of an ordinary picture that is decoded whole; WebP takes most, 16 bytes each: 128 MB."""
INSIDE_SCANNED = 400_000_000
"""Pixels times passes of an ordinary progressive JPEG: about a second and a half (3.8 ns each, measured)."""
INSIDE_METADATA = 4 << 20
"""Bytes of an ordinary picture beside pixels: profiles, EXIF, comments."""
INSIDE_SEGMENTS = 1_000
"""Segments or chunks beside pixels: Pillow keeps a Python object of each."""
INSIDE_CHUNKS = 20_000
"""Chunks of a PNG."""
INSIDE_FILE = {"webp": 16 << 20, "gif": 1 << 20}
"""Bytes of an ordinary file whose metadata is not parsed. A GIF's comments are joined in quadratic time."""

SOF = frozenset({*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC})
"""Markers that begin a JPEG's frame."""
BASELINE, EXTENDED, PROGRESSIVE, SCAN, END = 0xC0, 0xC1, 0xC2, 0xDA, 0xD9
JPEG = b"\xff\xd8\xff"
NEXT_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
"""A marker in a JPEG's coded data: neither a stuffed 0xFF, nor a restart, nor filling."""


Frame = tuple[int, int, int, float, int]


@dataclass(frozen=True, slots=True)
class JpegHeader:
    """A JPEG up to its first scan."""

    kind: int
    """Kind of its frame: BASELINE, EXTENDED, PROGRESSIVE or a rarer one."""
    width: int
    height: int
    samples: float
    """Samples of all components a pixel: 1.5 for 4:2:0."""
    several: bool
    """Whether more pictures follow (MPO): such a file is decoded at full size."""
    scan: int
    """Offset of its first scan."""
    segments: int
    scans: int
    """Upper bound: every scan marker after the first one is counted, also inside other data."""

    @property
    def pixels(self) -> int:
        """Width times height."""
        return self.width * self.height


def is_ordinary(content: bytes, jpeg: JpegHeader | None, side: int) -> bool:
    """Whether the header bounds time and memory of decoding to a longest side of `side` pixels.

    Args:
        content: the file.
        jpeg: its `jpeg_header`.
        side: longest side of the working picture.
    """
    if content.startswith(JPEG):
        return jpeg is not None and _is_ordinary_jpeg(jpeg, side)
    if content[:8] == b"\x89PNG\r\n\x1a\n":
        return _is_ordinary_png(content)
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return len(content) <= INSIDE_FILE["webp"] and _webp_pixels(content) <= INSIDE_PIXELS
    if content[:4] == b"GIF8" and len(content) >= 10:
        width, height = unpack_from("<HH", content, 6)
        return len(content) <= INSIDE_FILE["gif"] and width * height <= INSIDE_PIXELS
    return not _may_be_a_picture(content)


def _may_be_a_picture(content: bytes) -> bool:
    """Whether any other decoder may accept it: BMP, TIFF, PPM, JPEG 2000, AVIF."""
    return (
        content[:2] in (b"BM", b"II", b"MM")
        or content[:1] == b"P"
        or content[4:8] in (b"ftyp", b"jP  ")
        or content[:2] == b"\xff\x4f"
    )


def _is_ordinary_jpeg(header: JpegHeader, side: int) -> bool:
    if header.segments > INSIDE_SEGMENTS or header.scan > INSIDE_METADATA:
        return False
    if header.kind not in (BASELINE, EXTENDED, PROGRESSIVE) or header.pixels * header.scans > INSIDE_SCANNED:
        return False
    if header.kind == PROGRESSIVE or header.scans > 1:
        return header.pixels <= 2 * INSIDE_PIXELS
    times = 1 if header.several else min(8, max(1, max(header.width, header.height) // side))
    return header.pixels // (1 << (times.bit_length() - 1)) ** 2 <= INSIDE_PIXELS


def jpeg_header(content: bytes) -> JpegHeader | None:
    """The header of a JPEG; None of anything else and of a damaged or unusual one: fill bytes, junk, no frame or two."""
    if not content.startswith(JPEG):
        return None
    at, segments, frame, several = 2, 0, None, False
    while at + 5 <= len(content) and content[at] == 0xFF:
        marker, (length,) = content[at + 1], unpack_from(">H", content, at + 2)
        if marker == SCAN:
            return None if frame is None else JpegHeader(*frame[:4], several, at, segments, _scans(content, at, frame))
        if marker < 0xC0 or 0xD0 <= marker <= END or length < 2 or segments > INSIDE_SEGMENTS:
            return None
        if marker in SOF:
            if frame is not None:
                return None
            frame = _frame(marker, content[at + 4 : at + 2 + length])
            if frame is None:
                return None
        several = several or (marker == 0xE2 and content[at + 4 : at + 8] == b"MPF\0")
        at, segments = at + 2 + length, segments + 1
    return None


def _scans(content: bytes, at: int, frame: Frame) -> int:
    """The number of scans, at most. A sequential JPEG whose first scan has all components has no other."""
    if frame[0] in (BASELINE, EXTENDED) and content[at + 4] == frame[4]:
        return 1
    return content.count(b"\xff\xda", at)


def _frame(marker: int, body: bytes) -> Frame | None:
    """Kind, width, height, samples a pixel, components."""
    if len(body) < 9 or len(body) != 6 + 3 * body[5]:
        return None
    height, width = unpack_from(">HH", body, 1)
    areas = [(factors >> 4) * (factors & 15) for factors in body[7::3]]
    return (marker, width, height, sum(areas) / max(areas), body[5]) if width and height and min(areas) else None


def jpeg_scans(content: bytes, start: int) -> int:
    """The number of scans of a JPEG from `start`, the offset of its first one."""
    scans, at = 0, start
    while match := NEXT_MARKER.search(content, at):
        marker, at = content[match.start() + 1], match.end()
        if marker == END:
            break
        scans += marker == SCAN
        if at + 2 <= len(content):
            at += unpack_from(">H", content, at)[0]
    return scans


def _is_ordinary_png(content: bytes) -> bool:
    at, chunks, others, extra = 8, 0, 0, 0
    if content[12:16] != b"IHDR" or len(content) < 33:
        return False
    width, height = unpack_from(">II", content, 16)
    while at + 8 <= len(content) and content[at + 4 : at + 8] != b"IEND":
        length = unpack_from(">I", content, at)[0]
        if content[at + 4 : at + 8] != b"IDAT":
            others, extra = others + 1, extra + length
        at, chunks = at + 12 + length, chunks + 1
        if chunks > INSIDE_CHUNKS or others > INSIDE_SEGMENTS or extra > INSIDE_METADATA:
            return False
    return width * height <= INSIDE_PIXELS


def _webp_pixels(content: bytes) -> int:
    """Pixels of the canvas; 0 if there is nothing to decode."""
    kind = content[12:16]
    if len(content) < 30:
        return 0  # nothing to decode
    if kind == b"VP8X":
        return (1 + int.from_bytes(content[24:27], "little")) * (1 + int.from_bytes(content[27:30], "little"))
    if kind == b"VP8L":
        bits = unpack_from("<I", content, 21)[0]
        return (1 + (bits & 0x3FFF)) * (1 + (bits >> 14 & 0x3FFF))
    width, height = unpack_from("<HH", content, 26)
    return (width & 0x3FFF) * (height & 0x3FFF)
