"""Decompression bombs, and the largest accepted pictures: measures the cost of decoding each.

    python -m testkit.picture_bombs [WORDS OF A NAME ...]

Each runs in a fresh process. Prints name, CPU seconds, increase of the process's peak memory, peak
memory of the decoding process, and outcome. Exits with 1 if one is above 300 MB or 11 s. Linux only.
"""

import os
import struct
import sys
import time
import zlib
from collections.abc import Callable
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from PIL import Image

from pipelines.media.decode import BadPicture, Decoding, decode
from pipelines.media.decoding import worker_process
from testkit.hostile_input import saved

Make = Callable[[], bytes]
LIMIT_MB, LIMIT_S = 300, 11.0


def chunk(kind: bytes, body: bytes) -> bytes:
    """Build a chunk of a PNG."""
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(width: int, height: int, depth: int = 8, colour: int = 0, before: bytes = b"") -> bytes:
    """Build a PNG of zeros, with chunks before its pixels."""
    row = bytes(1 + (width * {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[colour] * depth + 7) // 8)
    packer = zlib.compressobj(9)
    packed = b"".join(packer.compress(row) for _ in range(height)) + packer.flush()
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + before + chunk(b"IDAT", packed) + chunk(b"IEND", b"")


def scans(side: int, more: int) -> bytes:
    """Build a progressive JPEG that repeats its last scan."""
    whole = saved(Image.new("RGB", (side, side), (10, 200, 30)), "JPEG", progressive=True)
    last, end = whole.rfind(b"\xff\xda"), whole.rfind(b"\xff\xd9")
    return whole[:end] + whole[last:end] * more + whole[end:]


def jpeg(after_start: bytes) -> bytes:
    """Build a small JPEG with bytes before its headers."""
    whole = saved(Image.new("RGB", (64, 64)), "JPEG")
    return whole[:2] + after_start + whole[2:]


def exif_of_tags(count: int, size: int) -> bytes:
    """Build EXIF whose tags all refer to the same `size` bytes."""
    tags = b"".join(struct.pack("<HHII", tag, 7, size, 0) for tag in range(count))
    return (b"II\x2a\0\x08\0\0\0" + struct.pack("<H", count) + tags).ljust(size, b"\0")


def jpeg_exif() -> bytes:
    """Build a JPEG with sixty EXIF segments of 5,000 tags."""
    body = b"Exif\0\0" + exif_of_tags(5000, 60_500)
    return jpeg((b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body) * 60)


def tiff(tags: dict[int, tuple[int, int, int]], rest: bytes) -> bytes:
    """Build a TIFF of 64 x 64 grey pixels with these tags (type, count, value), and `rest` from byte 400 on."""
    usual = {256: (4, 1, 64), 257: (4, 1, 64), 258: (3, 1, 8), 259: (3, 1, 8), 262: (3, 1, 1), 277: (3, 1, 1)}
    entries = b"".join(struct.pack("<HHII", tag, *value) for tag, value in sorted((usual | tags).items()))
    return (b"II\x2a\0\x08\0\0\0" + struct.pack("<H", len(usual | tags)) + entries + bytes(4)).ljust(400, b"\0") + rest


def huge_tile(side: int) -> bytes:
    """Build a TIFF with one tile that is far larger than the picture."""
    body = zlib.compress(bytes(1 << 20))
    return tiff({322: (4, 1, side), 323: (4, 1, side), 324: (4, 1, 400), 325: (4, 1, len(body))}, body)


def many_strips(count: int) -> bytes:
    """Build a TIFF with offsets of millions of strips."""
    return tiff({259: (3, 1, 1), 273: (4, count, 400), 278: (4, 1, 1), 279: (4, 1, 64)}, struct.pack("<I", 300) * count)


def gif_comment(blocks: int, size: int) -> bytes:
    """Build a GIF with a comment of many blocks."""
    whole = saved(Image.new("L", (64, 64)), "GIF")
    at = 13 + (3 << ((whole[10] & 7) + 1) if whole[10] & 128 else 0)
    return whole[:at] + b"\x21\xfe" + (bytes([size]) + b"x" * size) * blocks + b"\0" + whole[at:]


def j2k(width: int, height: int, tile: tuple[int, int], components: int) -> bytes:
    """Build a JPEG 2000 codestream with headers only."""
    sizes = struct.pack(">HHIIIIIIIIH", 38 + 3 * components, 0, width, height, 0, 0, *tile, 0, 0, components)
    style = b"\xff\x52" + struct.pack(">HBBHBBBBBB", 12, 0, 0, 1, 0, 5, 4, 4, 0, 0)
    steps = b"\xff\x5c" + struct.pack(">HB", 19, 0x40) + bytes([0x48] * 16)
    part = b"\xff\x90" + struct.pack(">HHIBB", 10, 0, 14, 0, 1) + b"\xff\x93"
    return b"\xff\x4f\xff\x51" + sizes + b"\x07\x01\x01" * components + style + steps + part + b"\xff\xd9"


def contradicting_sizes() -> bytes:
    """Build a JP2 whose box declares 64 x 64 and whose codestream declares 60,000 x 60,000."""
    whole, inner = saved(Image.new("RGB", (64, 64)), "JPEG2000"), j2k(60_000, 60_000, (60_000, 60_000), 3)
    return whole[: whole.index(b"jp2c") - 4] + struct.pack(">I", 8 + len(inner)) + b"jp2c" + inner


def frames(kind: str, count: int, side: int = 64) -> bytes:
    """Build an animation."""
    first, *others = (Image.new("RGB", (side, side), (n % 200, n // 200, 7)) for n in range(count))
    return saved(first, kind, save_all=True, append_images=others, **({"speed": 10} if kind == "AVIF" else {}))


def run_lengths(side: int) -> bytes:
    """Build a run-length encoded BMP, which Pillow unpacks in Python."""
    body = (b"\xff\x01" * (side // 255) + b"\0\0") * side + b"\0\1"
    header = struct.pack("<IiiHHIIiiII", 40, side, side, 1, 8, 1, 0, 0, 0, 256, 0)
    return struct.pack("<2sIII", b"BM", 0, 0, 1078) + header + bytes(range(256)) * 4 + body


BOMBS: dict[str, Make] = {
    "jpeg of 400 scans": lambda: scans(8000, 390),
    "jpeg of 64 scans": lambda: scans(8000, 54),
    "jpeg of 18 scans that do not fit": lambda: scans(9900, 8),
    "jpeg of 5 million comments": lambda: jpeg(b"\xff\xfe\0\x02" * 5_000_000),
    "jpeg with 60 MB of filling": lambda: jpeg(b"\xff" * 60_000_000),
    "jpeg with 60 MB of zeros": lambda: jpeg(bytes(60_000_000)),
    "jpeg of EXIF": jpeg_exif,
    "png of 16 bits": lambda: png(10_000, 10_000, 16),
    "png that is a line": lambda: png(50_000_000, 1),
    "png of 2 million chunks": lambda: png(64, 64, before=chunk(b"prVt", b"") * 2_000_000),
    "png with a gigabyte of profile": lambda: png(64, 64, 8, 2, chunk(b"iCCP", b"x\0\0" + zlib.compress(bytes(1 << 30), 9))),
    "png with 500 MB of text": lambda: png(64, 64, before=chunk(b"zTXt", b"x\0\0" + zlib.compress(bytes(1 << 20), 9)) * 500),
    "png with EXIF": lambda: png(64, 64, before=chunk(b"eXIf", exif_of_tags(65_535, 60_000_000))),
    "gif of comments": lambda: gif_comment(200_000, 255),
    "gif of comments of a letter": lambda: gif_comment(500_000, 1),
    "gif of 5,000 frames": lambda: frames("GIF", 5000),
    "webp of 3,000 frames": lambda: frames("WEBP", 3000),
    "png of 1,000 frames": lambda: frames("PNG", 1000),
    "mpo of 500 pictures": lambda: frames("MPO", 500),
    "avif of 100 frames": lambda: frames("AVIF", 100),
    "tiff of 300 pages": lambda: frames("TIFF", 300),
    "tiff of a tile of 65,520": lambda: huge_tile(65_520),
    "tiff of 40 million strips": lambda: many_strips(40_000_000),
    "tiff of tags": lambda: exif_of_tags(65_535, 60_000_000),
    "bmp of runs": lambda: run_lengths(9990),
    "ppm in words": lambda: b"P3 4000 4000 255\n" + b"1 " * 48_000_000,
    "ppm with 50 MB of comment": lambda: b"P6 " + b"#" * 50_000_000,
    "jp2 of 65,025 tiles": lambda: j2k(255, 255, (1, 1), 4),
    "jp2 of 16,000 components": lambda: j2k(255, 255, (1, 1), 16_000),
    "jp2 of two sizes": contradicting_sizes,
    "ico": lambda: saved(Image.new("RGB", (64, 64)), "ICO"),
}
"""Files that must be rejected, or decoded at low cost."""


def _noise(mode: str, side: int) -> Image.Image:
    grey = Image.effect_noise((side // 4, side // 4), 60).resize((side, side))
    if mode in ("RGBA", "CMYK", "RGB", "LA"):
        return Image.merge(mode, [grey] * len(Image.new(mode, (1, 1)).getbands()))
    return Image.fromarray(np.asarray(grey).astype(np.uint16) * 257) if mode == "I;16" else grey.convert(mode)


def _large(kind: str, mode: str, side: int, **options: object) -> Make:
    return lambda: saved(_noise(mode, side), kind, **options)


LARGEST: dict[str, Make] = {
    "jpeg RGB": _large("JPEG", "RGB", 9990),
    "jpeg CMYK": _large("JPEG", "CMYK", 9990),
    "jpeg progressive": _large("JPEG", "RGB", 8000, progressive=True),
    "mpo": _large("MPO", "RGB", 5400, append_images=[Image.new("RGB", (8, 8))], save_all=True),
    "png RGB": _large("PNG", "RGB", 5100, compress_level=1),
    "png RGBA": _large("PNG", "RGBA", 5050, compress_level=1),
    "png LA": _large("PNG", "LA", 5150, compress_level=1),
    "png L": _large("PNG", "L", 6700, compress_level=1),
    "png 1": _large("PNG", "1", 7150),
    "png I;16": _large("PNG", "I;16", 5950, compress_level=1),
    "gif": _large("GIF", "L", 6300),
    "webp RGB": _large("WEBP", "RGB", 3650, method=0),
    "webp RGBA": _large("WEBP", "RGBA", 3400, method=0),
    "webp lossless": _large("WEBP", "RGBA", 3400, method=0, lossless=True),
    "webp RGB that is large": _large("WEBP", "RGB", 5300, method=0, quality=20),
    "webp RGBA that is large": _large("WEBP", "RGBA", 4200, method=0, quality=20),
    "webp RGB lossless that is large": lambda: saved(Image.new("RGB", (5200, 5200), "red"), "WEBP", lossless=True, method=0),
    "webp RGBA lossless that is large": lambda: saved(
        Image.new("RGBA", (4200, 4200), "#123456ab"), "WEBP", lossless=True, method=0
    ),
    "tiff RGB": _large("TIFF", "RGB", 4600),
    "tiff CMYK lzw": _large("TIFF", "CMYK", 4800, compression="tiff_lzw"),
    "tiff RGBA deflate": _large("TIFF", "RGBA", 5000, compression="tiff_adobe_deflate"),
    "tiff F": _large("TIFF", "F", 4400),
    "tiff F lzw": _large("TIFF", "F", 5000, compression="tiff_lzw"),
    "tiff jpeg": _large("TIFF", "RGB", 5200, compression="jpeg"),
    "tiff group4": _large("TIFF", "1", 6950, compression="group4"),
    "bmp": _large("BMP", "RGB", 4600),
    "ppm": _large("PPM", "RGB", 4600),
    "avif": _large("AVIF", "RGB", 4050, speed=10),
    "avif RGBA 444": _large("AVIF", "RGBA", 4050, speed=10, subsampling="4:4:4"),
    "jp2": _large("JPEG2000", "RGB", 3400, quality_layers=[20], irreversible=True),
    "jp2 that is halved": _large("JPEG2000", "RGB", 6000, quality_layers=[40], irreversible=True),
}
"""Accepted files near the limit of `Decoding.max_bytes`, so that their peak memory is the largest of their format."""


def cost(content: bytes) -> tuple[float, int, int, str]:
    """Measure CPU seconds, peaks in MB (increase of this process, decoding process) and outcome. Once per process."""
    Path("/proc/self/clear_refs").write_text("5")
    base, began = _peak("self"), time.process_time()
    try:
        outcome = "read {0.width} x {0.height}".format(decode(content, Decoding()))
    except BadPicture as bad:
        outcome = str(bad)[:100]
    seconds, own, other = time.process_time() - began, _peak("self") - base, 0
    if worker_process._process is not None:
        other = _peak(str(worker_process._process._child.pid))
        worker_process._forget()
    times = os.times()
    return seconds + times.children_user + times.children_system, own, other, outcome


def _peak(of: str) -> int:
    lines = Path(f"/proc/{of}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) >> 10


def main() -> int:
    """Print a table; returns the exit code."""
    exceeded, words = 0, sys.argv[1:]
    print("| picture | kB | s | MB here | MB apart | outcome |\n|---|---|---|---|---|---|")
    for name, make in (BOMBS | LARGEST).items():
        if all(word in name for word in words):
            content = make()
            with get_context("spawn").Pool(1) as pool:
                seconds, own, other, outcome = pool.apply(cost, (content,))
            over = seconds > LIMIT_S or max(own, other) > LIMIT_MB
            exceeded += over
            cells = f"{len(content) >> 10:,} | {seconds:.1f} | {own} | {other} | {outcome}{' OVER A LIMIT' * over}"
            print(f"| {name} | {cells} |", flush=True)
    print(f"{exceeded} over a limit")
    return min(1, exceeded)


if __name__ == "__main__":
    raise SystemExit(main())
