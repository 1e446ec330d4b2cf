"""Invalid and unusual notes, pictures and clicks, next to some valid ones.

Shared by tests/robustness/test_hostile_input.py and benchmarks/hostile_jobs.py. Every picture has a note of its own, named after its
fault; every hostile text is in two notes, so that the search for shared passages also compares it with itself.
"""

import io
import itertools
import os
import struct
import zlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

from schemas.inputs import CLICKS_IN, NOTES_IN

KILOBYTE = 1024
NEWEST = datetime(2026, 5, 1, tzinfo=UTC)
PASSAGE = (
    "In the morning we walked along the river to the old mill, and had pancakes with cherries there. 我们沿着河边走到老磨坊。"
)
HALF = b"\xe5\xa5"
"""Half a character, as left by a program that truncates texts by bytes."""
WORDS = ("river", "mill", "cherry", "pancake", "morning", "bridge", "window", "garden", "kettle", "lantern", "market", "orange",
         "pepper", "basket", "harbour", "violin")  # fmt: skip


def passage(name: str) -> str:
    """Generate a passage that is unique to a name: passages in many notes are not pairs."""
    draw = Random(name)
    chinese = "".join(draw.choices("我们沿着河边走到老磨坊吃樱桃煎饼早上看见桥和窗", k=24))
    return f"{' '.join(draw.choices(WORDS, k=24))} {chinese}。"


TEXTS: dict[str, bytes] = {
    "half a character": passage("half a character").encode() + HALF,
    "lone surrogate": b"\xed\xa0\xbd " + passage("lone surrogate").encode(),
    "no utf8": bytes(range(128, 256)),
    "nul": passage("nul").replace(" ", " \0", 3).encode(),
    "right to left": f"\u202e{passage('right to left')}\u202c\u200f שלום \u2067عربي\u2069".encode(),
    "emoji": "👨‍👩‍👧‍👦".encode() * 2_500,
    "spaces": " \t\u00a0\u3000\u2003\n".encode() * 50,
    "heap of marks": ("e" + "\u0301" * 5_000 + passage("heap of marks")).encode(),
    "one letter": b"a" * 100_000,
    "large": (passage("large") * 5_000).encode(),
    "ligatures": "\ufdfa".encode() * 3_000,
    "sql and html": b"'; drop table notes; -- <script>alert(1)</script> {{x}} ${y} %s \\u0000 "
    + passage("sql and html").encode(),
}
"""Bytes of note bodies, by name."""
TOO_LONG = ("长" * 25_000_000 + "a" * 25_000_000).encode()
IDS = ("'quoted'", '"', "a/../b", "new\nline", "nul\0", "好👍", "x" * 5_000, "-- id", "%2e%2e", "NULL", " led by a space")


def photo(seed: int = 3, size: tuple[int, int] = (160, 120), mode: str = "RGB") -> Image.Image:
    """Generate a smooth picture with visible structure."""
    coarse = np.random.default_rng(seed).integers(0, 256, (6, 8, 3), dtype=np.uint8)
    return Image.fromarray(coarse).resize(size, Image.Resampling.BICUBIC).convert(mode)


def saved(picture: Image.Image, kind: str, **options: Any) -> bytes:
    """Encode a picture to the bytes of a file."""
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()


def bomb(width: int = 50_000, height: int = 50_000) -> bytes:
    """Build a PNG of a megabyte that declares the given size."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    packed = zlib.compress(bytes(1 << 20))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", packed) + chunk(b"IEND", b"")


def readable() -> dict[str, bytes]:
    """Generate unusual pictures that are readable."""
    two = [photo(), photo().rotate(90)]
    pictures = {
        "plain.jpg": saved(photo(), "JPEG"),
        "png with a wrong suffix.jpg": saved(photo(4), "PNG"),
        "jpeg without a suffix": saved(photo(5), "JPEG"),
        "animated.gif": saved(two[0], "GIF", save_all=True, append_images=two[1:]),
        "animated.webp": saved(two[0], "WEBP", save_all=True, append_images=two[1:]),
        "cmyk.jpg": saved(photo(6, mode="CMYK"), "JPEG"),
        "16 bit.png": saved(Image.fromarray(np.arange(19200, dtype=np.uint16).reshape(120, 160)), "PNG"),
        "palette with alpha.png": saved(photo(7, mode="RGBA").quantize(64), "PNG", transparency=3),
        "one pixel.png": saved(photo(8, (1, 1)), "PNG"),
        "grey with alpha.png": saved(photo(9, mode="LA"), "PNG"),
        "好 and %20 spaces.jpg": saved(photo(10), "JPEG"),
    }
    for orientation in range(1, 9):
        exif = Image.Exif()
        exif[0x0112] = orientation
        pictures[f"exif {orientation}.jpg"] = saved(photo(11), "JPEG", exif=exif)
    return pictures


def unreadable() -> dict[str, bytes]:
    """Generate files that are not pictures."""
    return {
        "zero size.jpg": b"",
        "bomb.png": bomb(),
        "drawing.svg": b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
        "drawing.jpg": b"<?xml version='1.0'?><svg/>",
        "postscript.jpg": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\n(x) run\n%%EOF\n",
        "page.html": b"<html>404</html>",
        "zeros.jpg": bytes(5000),
    }


def truncated() -> dict[str, bytes]:
    """Generate a picture of each common format, truncated at every kilobyte."""
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 256, (90, 120, 3), dtype=np.uint8))
    whole = {"jpg": saved(noise, "JPEG"), "png": saved(noise, "PNG"), "webp": saved(noise, "WEBP"), "gif": saved(noise, "GIF")}
    cuts = ((kind, content, at) for kind, content in whole.items() for at in range(KILOBYTE, len(content), KILOBYTE))
    return {f"cut at {at}.{kind}": content[:at] for kind, content, at in cuts}


def write(folder: Path) -> dict[str, int]:
    """Write notes.parquet, clicks.parquet and the pictures to a folder, and return row counts."""
    folder.mkdir(parents=True)
    names = sorted(_pictures(folder))
    rows = [*_of_pictures(names), *_of_texts(), *_of_ids()]
    bodies = _unchecked([row.pop("body") for row in rows])
    table = pa.Table.from_pylist(rows, NOTES_IN)
    pq.write_table(table.set_column(NOTES_IN.get_field_index("body"), "body", bodies), folder / "notes.parquet")
    clicks = list(_clicks([row["note_id"] for row in rows]))
    pq.write_table(
        pa.Table.from_pylist(clicks, pa.schema([f.with_nullable(True) for f in CLICKS_IN])), folder / "clicks.parquet"
    )
    return {"notes": len(rows), "images": sum(len(row["images"] or []) for row in rows), "clicks": len(clicks)}


def _pictures(folder: Path) -> Iterator[str]:
    for name, content in (readable() | unreadable() | truncated()).items():
        (folder / name).write_bytes(content)
        yield name
    (folder / "folder.jpg").mkdir()
    os.mkfifo(folder / "pipe.jpg")
    (folder / "loop.jpg").symlink_to("loop.jpg")
    (folder / "dangling.jpg").symlink_to("nowhere.jpg")
    (folder / "way out.jpg").symlink_to("/etc/hostname")
    yield from (
        "folder.jpg",
        "pipe.jpg",
        "loop.jpg",
        "dangling.jpg",
        "way out.jpg",
        "missing.jpg",
        "../outside.jpg",
        "nul\0.jpg",
    )
    yield from ("/dev/zero", "http://[bad", "x" * 5_000, "nosuchscheme://a/b.jpg")


def _note(note_id: str, body: bytes, uris: list[str]) -> dict[str, Any]:
    images = [{"image_id": f"{note_id} {k}", "uri": uri} for k, uri in enumerate(uris)]
    return {"note_id": note_id, "title": note_id[:20], "body": body, "topic": "odd", "images": images, "like_count": 500}


def _of_pictures(names: list[str]) -> Iterator[dict[str, Any]]:
    for number, name in enumerate(names):
        yield _note(f"picture {number:03}", f"{number}: {PASSAGE}"[: 30 + number].encode(), [name, "plain.jpg"])


def _of_texts() -> Iterator[dict[str, Any]]:
    for name, body in TEXTS.items():
        for copy in ("first", "second"):
            yield _note(f"text {name} {copy}", copy.encode() + b" " + body, ["plain.jpg"])
    yield _note("text too long", TOO_LONG, [])
    yield _note("no pictures", b"", []) | {"images": []}
    yield _note("nothing", b"", []) | {"title": None, "topic": None, "images": []}


def _of_ids() -> Iterator[dict[str, Any]]:
    yield from (_note(note_id, PASSAGE.encode(), ["cmyk.jpg"]) for note_id in IDS)
    yield _note("twice", b"same", [])
    yield _note("twice", b"same", [])
    yield _note("differ", b"one", [])
    yield _note("differ", b"other", [])
    yield _note(" ", b"no id", [])
    yield _note("unliked", b"", []) | {"like_count": 0}
    yield _note("negative", b"", []) | {"like_count": -1}
    yield _note("no image id", b"", []) | {"images": [{"image_id": "", "uri": "plain.jpg"}]}


def _clicks(notes: list[str]) -> Iterator[dict[str, Any]]:
    users = ["u", "v", "'; --", "nul\0", "好", "x" * 5_000]
    for user, (number, note_id) in itertools.product(users, enumerate(notes)):
        yield {"user_id": user, "note_id": note_id, "clicked_at": NEWEST - timedelta(seconds=number)}
    yield {"user_id": "lone", "note_id": notes[0], "clicked_at": NEWEST}
    yield {"user_id": "u", "note_id": "gone", "clicked_at": NEWEST}
    yield {"user_id": "u", "note_id": notes[0], "clicked_at": datetime(1, 1, 1, tzinfo=UTC)}
    for column in ("user_id", "note_id", "clicked_at"):
        yield {"user_id": "u", "note_id": notes[0], "clicked_at": NEWEST} | {column: None}


def _unchecked(values: list[bytes]) -> pa.StringArray:
    """Build a string array without validating its bytes as UTF-8."""
    binary = pa.array(values, pa.binary())
    return pa.StringArray.from_buffers(len(binary), binary.buffers()[1], binary.buffers()[2])
