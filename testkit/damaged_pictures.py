"""Small pictures in every supported format, and ways to damage them."""

import struct
import zlib
from collections.abc import Callable
from random import Random
from typing import Any

import numpy as np
from PIL import Image, ImageCms

from testkit.hostile_input import photo, saved

EXTREMES = (0, 1, 0x7F, 0x80, 0xFF, 0x100, 0x7FFF, 0x8000, 0xFFFF, 0x10000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFE, 0xFFFFFFFF)
"""Values that a length, a count or an offset is set to."""
PNG = b"\x89PNG\r\n\x1a\n"


def whole(photos: list[Image.Image]) -> dict[str, bytes]:
    """Encode RGB pictures of a few hundred pixels in every format and option; returns files by name."""
    options = _jpegs() | _pngs() | _gifs() | _webps() | _tiffs() | _others()
    return {f"{name} {n}": make(p) for n, p in enumerate(photos) for name, make in options.items()}


Make = Callable[[Image.Image], bytes]


def _saver(kind: str, mode: str | None = None, **options: Any) -> Make:  # any of Pillow's
    return lambda p: saved(p if mode is None else _in_mode(p, mode), kind, **options)


def _in_mode(p: Image.Image, mode: str) -> Image.Image:
    """Convert a picture to a Pillow mode, including 16-bit, float and palette."""
    if mode == "I;16":
        return Image.fromarray(np.asarray(p.convert("L")).astype(np.uint16) * 257)
    if mode == "RGBA":
        p = p.convert("RGBA")
        p.putalpha(p.convert("L"))
        return p
    return p.quantize(64) if mode == "P" else p.convert(mode)


def _frames(kind: str, count: int = 3, **options: Any) -> Make:
    return lambda p: saved(p, kind, save_all=True, append_images=[p.rotate(90 * n) for n in range(1, count)], **options)


def _exif() -> bytes:
    exif = Image.Exif()
    exif[0x0112], exif[0x010E], exif[0x0132] = 6, "a description", "2026:05:01 00:00:00"
    exif.get_ifd(0x8769)[0x9286] = b"a comment" * 20
    return exif.tobytes()


EXIF = _exif()
ICC = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
XMP = b'<x:xmpmeta><rdf:Description tiff:Orientation="3"/></x:xmpmeta>'


def _jpegs() -> dict[str, Make]:
    return {
        "jpeg": _saver("JPEG"),
        "jpeg progressive": _saver("JPEG", progressive=True, quality=90),
        "jpeg 444 optimized": _saver("JPEG", subsampling=0, optimize=True),
        "jpeg grey": _saver("JPEG", "L"),
        "jpeg cmyk": _saver("JPEG", "CMYK"),
        "jpeg restart": _saver("JPEG", restart_marker_blocks=4),
        "jpeg metadata": _saver("JPEG", exif=EXIF, icc_profile=ICC, xmp=XMP, comment=b"a comment"),
        "mpo": _frames("MPO", 2),
    }


def _pngs() -> dict[str, Make]:
    modes = {f"png {mode}": _saver("PNG", mode) for mode in ("RGB", "RGBA", "P", "1", "L", "LA", "I;16")}
    text = {"png metadata": _saver("PNG", exif=EXIF, icc_profile=ICC)}
    return modes | text | {"png transparent": _saver("PNG", "P", transparency=3), "png animated": _frames("PNG")}


def _gifs() -> dict[str, Make]:
    return {
        "gif": _saver("GIF", "P", comment=b"a comment" * 40),
        "gif animated": _frames("GIF"),
        "gif transparent": _saver("GIF", "P", transparency=3),
    }


def _webps() -> dict[str, Make]:
    return {
        "webp": _saver("WEBP"),
        "webp lossless": _saver("WEBP", lossless=True),
        "webp alpha": _saver("WEBP", "RGBA"),
        "webp animated": _frames("WEBP"),
        "webp metadata": _saver("WEBP", exif=EXIF, icc_profile=ICC, xmp=XMP),
    }


def _tiffs() -> dict[str, Make]:
    packed = {f"tiff {how}": _saver("TIFF", compression=how) for how in ("tiff_lzw", "tiff_adobe_deflate", "packbits", "jpeg")}
    modes = {f"tiff {mode}": _saver("TIFF", mode) for mode in ("RGB", "RGBA", "CMYK", "F", "I", "I;16", "LAB", "P")}
    more = {
        "tiff group4": _saver("TIFF", "1", compression="group4"),
        "tiff float lzw": _saver("TIFF", "F", compression="tiff_lzw"),
        "tiff tiles": _saver("TIFF", compression="tiff_lzw", tiffinfo={322: 32, 323: 32}),
        "tiff pages": _frames("TIFF"),
        "tiff big": _saver("TIFF", big_tiff=True, compression="zstd"),
        "tiff metadata": _saver("TIFF", exif=EXIF, icc_profile=ICC),
    }
    return packed | modes | more


def _others() -> dict[str, Make]:
    return {
        "bmp": _saver("BMP"),
        "bmp palette": _saver("BMP", "P"),
        "bmp 1": _saver("BMP", "1"),
        "bmp run lengths": lambda p: _run_lengths(p.width, p.height),
        "avif": _saver("AVIF", speed=10),
        "avif 444": _saver("AVIF", subsampling="4:4:4", speed=10, quality=90),
        "avif alpha": _saver("AVIF", "RGBA", speed=10),
        "avif animated": _frames("AVIF", speed=10),
        "avif metadata": _saver("AVIF", speed=10, exif=EXIF, icc_profile=ICC, xmp=XMP),
        "jp2": _saver("JPEG2000"),
        "jp2 lossy": _saver("JPEG2000", quality_layers=[40, 20, 10], irreversible=True),
        "jp2 tiles": _saver("JPEG2000", tile_size=(32, 32)),
        "jp2 alpha": _saver("JPEG2000", "RGBA"),
        "jp2 16": _saver("JPEG2000", "I;16"),
        "j2k": _saver("JPEG2000", no_jp2=True),
        "ppm": _saver("PPM"),
        "ppm grey": _saver("PPM", "L"),
        "ppm float": _saver("PPM", "F"),
        "ppm words": lambda p: b"P3 16 16 255\n" + b" ".join(str(v).encode() for v in p.resize((16, 16)).tobytes()),
    }


def _run_lengths(width: int, height: int) -> bytes:
    """Build a run-length encoded BMP, which Pillow can read but not write."""
    row = b"".join(struct.pack("BB", min(200, width - x), x % 256) for x in range(0, width, 200)) + b"\0\0"
    body, palette = row * height + b"\0\1", bytes(range(256)) * 4
    header = struct.pack("<IiiHHIIiiII", 40, width, height, 1, 8, 1, len(body), 2835, 2835, 256, 0)
    return struct.pack("<2sIII", b"BM", 54 + len(palette) + len(body), 0, 54 + len(palette)) + header + palette + body


def damaged(content: bytes, other: bytes, draw: Random) -> bytes:
    """Damage a file in one to three ways; a PNG's checksums are usually recomputed, so that its decoder is reached."""
    data = bytearray(content)
    for _ in range(draw.choice((1, 1, 1, 2, 3))):
        if data:
            draw.choice(DAMAGES)(data, other, draw)
    return _with_checksums(bytes(data)) if draw.random() < 0.7 else bytes(data)


def _place(data: bytearray, draw: Random) -> int:
    """Draw an offset; half of the time within the headers, the first 400 bytes."""
    return draw.randrange(len(data) if draw.random() < 0.5 else min(len(data), 400))


def _flip(data: bytearray, _: bytes, draw: Random) -> None:
    for _n in range(draw.choice((1, 1, 2, 8))):
        data[_place(data, draw)] ^= 1 << draw.randrange(8)


def _cut(data: bytearray, _: bytes, draw: Random) -> None:
    del data[_place(data, draw) :]


def _overwrite(data: bytearray, _: bytes, draw: Random) -> None:
    at, size = _place(data, draw), draw.choice((1, 4, 16, 200))
    data[at : at + size] = draw.choice((bytes(size), b"\xff" * size, draw.randbytes(size)))


def _number(data: bytearray, _: bytes, draw: Random) -> None:
    size, order = draw.choice((1, 2, 4, 8)), draw.choice(("big", "little"))
    at = _place(data, draw)
    before = int.from_bytes(data[at : at + size], order)
    value = draw.choice((*EXTREMES, before + 1, before - 1, before * 2, draw.getrandbits(8 * size)))
    data[at : at + size] = (value % (1 << 8 * size)).to_bytes(size, order)


def _splice(data: bytearray, other: bytes, draw: Random) -> None:
    start = draw.randrange(len(other))
    piece = other[start : start + draw.choice((4, 50, 1000, len(other)))]
    at = _place(data, draw)
    data[at : at + draw.choice((0, len(piece)))] = piece


def _repeat(data: bytearray, _: bytes, draw: Random) -> None:
    at = _place(data, draw)
    piece = data[at : at + draw.choice((1, 12, 100, 1000))]
    data[at:at] = piece * draw.choice((1, 5, 100))


def _lose(data: bytearray, _: bytes, draw: Random) -> None:
    at = _place(data, draw)
    del data[at : at + draw.choice((1, 2, 12, 500))]


DAMAGES = (_flip, _cut, _overwrite, _number, _splice, _repeat, _lose)


def _with_checksums(content: bytes) -> bytes:
    """Recompute the checksums of a PNG's chunks; other files are returned unchanged."""
    if not content.startswith(PNG):
        return content
    png, at = bytearray(content), len(PNG)
    while at + 12 <= len(png):
        end = at + 8 + int.from_bytes(png[at : at + 4], "big")
        png[end : end + 4] = struct.pack(">I", zlib.crc32(png[at + 4 : end]))[: max(0, len(png) - end)]
        at = end + 4
    return bytes(png)


SMALL = whole([photo(3, (48, 40))])
"""One small picture in every format and option."""
