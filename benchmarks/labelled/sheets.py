"""Contact sheets: numbered pairs of pictures, for a reader who knows neither score nor relation."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from PIL import Image, ImageDraw

from pipelines.sources.sample_corpus.scenes.text_overlay import font

CELL = 380
"""Side of a thumbnail's box, pixels."""
CAPTION = 76
COLUMNS, ROWS = 2, 4
GROUND, INK = (238, 238, 232), (20, 20, 20)


class Side(NamedTuple):
    """One side of a pair."""

    picture: Path | None
    """None: nothing but words."""
    words: str = ""


def sheet_arguments(description: str | None) -> argparse.ArgumentParser:
    """A parser with the options of both programs that write sheets."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("--workspace", "--root", "--out"):
        parser.add_argument(name, type=Path, required=True)
    return parser


def write_sheets(folder: Path, pairs: Sequence[tuple[Side, Side]]) -> list[Path]:
    """Write `sheet-000.png` and so on, COLUMNS x ROWS pairs each, numbered from 0 in the order given."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    each = COLUMNS * ROWS
    for start in range(0, len(pairs), each):
        sheet = _sheet(pairs[start : start + each], start)
        written.append(folder / f"sheet-{start // each:03d}.png")
        sheet.save(written[-1])
    return written


def _sheet(pairs: Sequence[tuple[Side, Side]], first: int) -> Image.Image:
    width, height = 2 * CELL + 30, CELL + CAPTION + 20
    sheet = Image.new("RGB", (COLUMNS * width, ROWS * height), GROUND)
    draw = ImageDraw.Draw(sheet)
    for place, sides in enumerate(pairs):
        left, top = place % COLUMNS * width, place // COLUMNS * height
        for column, side in enumerate(sides):
            x = left + 10 + column * (CELL + 6)
            if side.picture is not None:
                thumbnail = _thumbnail(side.picture)
                sheet.paste(thumbnail, (x + (CELL - thumbnail.width) // 2, top + 26))
            _write(draw, side.words, (x, top + (28 + CELL if side.picture else 28)), 3 if side.picture else 16)
        draw.text((left + 10, top + 2), f"#{first + place}", fill=(190, 0, 0), font=font(18, 700))
        draw.rectangle((left + 2, top, left + width - 2, top + height - 4), outline=(150, 150, 150))
    return sheet


def _thumbnail(file: Path) -> Image.Image:
    with Image.open(file) as picture:
        rgba = picture.convert("RGBA")
    white = Image.new("RGBA", rgba.size, (255, 255, 255, 255))
    picture = Image.alpha_composite(white, rgba).convert("RGB")
    zoom = min(CELL / picture.width, CELL / picture.height, 4.0)
    return picture.resize((max(1, round(picture.width * zoom)), max(1, round(picture.height * zoom))), Image.Resampling.LANCZOS)


def _write(draw: ImageDraw.ImageDraw, words: str, at: tuple[int, int], lines: int) -> None:
    face = font(14, 400)
    line, done = "", 0
    for letter in " ".join(words.split()):
        if draw.textlength(line + letter, font=face) > CELL:
            draw.text((at[0], at[1] + 18 * done), line, fill=INK, font=face)
            line, done = "", done + 1
            if done == lines:
                return
        line += letter
    draw.text((at[0], at[1] + 18 * done), line, fill=INK, font=face)
