"""Generates notes, pictures and clicks, uniform or skewed, with the same number of rows, files and characters.

Skewed: one note has a tenth of all clicks and one user a quarter, every note contains a copy of one picture, every text ends with
one line of hashtags. Uniform: clicks are uniform over users and notes, each file and each last line is different.
"""

import io
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

from schemas.inputs import CLICKS_IN, NOTES_IN

END_S, DAY_S = 1_777_000_000, 86_400
CLICKS_A_USER = 8
HOT_NOTE, HOT_USER = 0.1, 0.25
"""Shares of all clicks."""
WORDS = "山水花鸟风云日月江河湖海春夏秋冬早晚茶饭鱼米红绿蓝白大小高低长短东西南北心手足目"
LINE, BODY = 40, 60
"""Length of the last line and of the text before it."""


class Size(NamedTuple):
    """Numbers of notes, files and clicks."""

    notes: int
    files: int
    """Distinct picture files; each is in notes / files notes."""
    clicks: int


def write(folder: Path, size: Size, skewed: bool, seed: int = 0) -> None:
    """Write notes.parquet, clicks.parquet and the pictures."""
    (folder / "pictures").mkdir(parents=True)
    rng = np.random.default_rng(seed)
    for number in range(size.files):
        (folder / "pictures" / f"{number}.jpg").write_bytes(_picture(0 if skewed else number, number))
    line = _chars(rng, LINE)
    rows = [
        {
            "note_id": f"n{number:06}",
            "title": f"note {number}",
            "body": f"{_chars(rng, BODY)}\n{line if skewed else _chars(rng, LINE)}",
            "images": [{"image_id": f"i{number:06}", "uri": f"pictures/{number % size.files}.jpg"}],
            "like_count": 200,
        }
        for number in range(size.notes)
    ]
    pq.write_table(pa.Table.from_pylist(rows, NOTES_IN), folder / "notes.parquet")
    pq.write_table(_clicks(rng, size, skewed), folder / "clicks.parquet")


def _chars(rng: np.random.Generator, count: int) -> str:
    return "".join(WORDS[k] for k in rng.integers(0, len(WORDS), count))


def _picture(scene: int, copy: int) -> bytes:
    """Encode a scene at a size and quality specific to the copy, so that files differ."""
    rng = np.random.default_rng(scene)
    coarse = Image.fromarray(rng.integers(0, 256, (12, 16, 3), dtype=np.uint8))
    picture = coarse.resize((192, 144), Image.Resampling.BICUBIC)
    fine = np.asarray(picture, np.int16) + rng.integers(-12, 13, (144, 192, 1), dtype=np.int16)
    width = 128 + copy % 64
    small = Image.fromarray(np.clip(fine, 0, 255).astype(np.uint8)).resize((width, width * 3 // 4), Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    small.save(buffer, "JPEG", quality=50 + copy // 64 % 48, comment=str(copy).encode())
    return buffer.getvalue()


def _clicks(rng: np.random.Generator, size: Size, skewed: bool) -> pa.Table:
    user = rng.integers(0, max(2, size.clicks // CLICKS_A_USER), size.clicks)
    note = rng.integers(0, size.notes, size.clicks)
    if skewed:
        note[rng.random(size.clicks) < HOT_NOTE] = 0
        user[rng.random(size.clicks) < HOT_USER] = 0
    at = END_S - rng.integers(0, 6 * DAY_S, size.clicks)
    names = [pa.array([f"u{u}" for u in user]), pa.array([f"n{n:06}" for n in note])]
    times = pa.array(at * 1_000_000, pa.timestamp("us", tz="UTC"))
    return pa.table([*names, times], names=CLICKS_IN.names[:3])
