"""Text drawn in pictures, for OCR: a title over a photograph, a sign in the scene, a page of text."""

import re
from collections.abc import Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from random import Random
from typing import NamedTuple

from PIL import Image, ImageDraw, ImageFont

from pipelines.sources.sample_corpus.scenes.textures import Ink, gradient, patch, shade, textured
from schemas.errors import UninoteError

FONT_PACKAGE = "manimgx_fonts_cjk"
SIMPLIFIED_CHINESE = 2
"""The face's index in Noto Sans CJK's collection."""
UNDRAWN = re.compile(r"[^\w\s，。：；！？、（）｜·%°,.:;!?()/'\"#&+|-]", re.UNICODE)
PAPERS: tuple[tuple[Ink, Ink], ...] = (
    ((250, 244, 230), (60, 48, 40)), ((255, 236, 236), (150, 40, 60)), ((228, 240, 250), (24, 60, 110)),
    ((236, 246, 226), (40, 84, 40)), ((44, 52, 68), (250, 240, 214)), ((255, 226, 120), (40, 36, 30)),
)  # fmt: skip


class PictureWithText(NamedTuple):
    """A picture and the text in it."""

    image: Image.Image
    text: str
    """The drawn lines, one a line."""


@cache
def font(size: int, weight: int) -> ImageFont.FreeTypeFont:
    """Noto Sans CJK in that size (pixels) and weight (100 to 900)."""
    package = find_spec(FONT_PACKAGE)
    files = sorted(Path(package.origin).parent.glob("*.ttc")) if package and package.origin else []
    if not files:
        raise UninoteError(
            "sample corpus: no Chinese font: the package 'manimgx-fonts-cjk' is not installed, and pictures need it for their"
            " words; pip install manimgx-fonts-cjk==2026.9.26.post1"
        )
    face = ImageFont.truetype(str(files[0]), size, index=SIMPLIFIED_CHINESE)
    face.set_variation_by_axes([weight])
    return face


def drawable(text: str) -> str:
    """The text without the emoji, which the font does not have.

    >>> drawable("🍰厨房一角｜两只红色马克杯❤️")
    '厨房一角｜两只红色马克杯'
    """
    return UNDRAWN.sub("", text).replace("_", "").strip()


def titled(image: Image.Image, title: str, chance: Random) -> PictureWithText:
    """The picture as a cover: its title in large letters with an outline."""
    out, (width, height) = image.copy(), image.size
    face, draw = font(width // chance.choice((10, 11, 12)), 800), ImageDraw.Draw(out)
    lines = _wrapped(drawable(title), face, int(width * 0.86))
    step = int(face.size * 1.28)
    top = chance.choice((int(height * 0.06), height - step * len(lines) - int(height * 0.06)))
    bright = chance.choice(((255, 255, 255), (255, 240, 150), (255, 214, 224)))
    for n, line in enumerate(lines):
        at = ((width - face.getlength(line)) / 2, top + n * step)
        draw.text(at, line, bright, face, stroke_width=max(2, int(face.size) // 10), stroke_fill=(50, 36, 44))
    return PictureWithText(out, "\n".join(lines))


def signed(image: Image.Image, words: str, chance: Random) -> PictureWithText:
    """The picture with a board in it, some words on the board."""
    out, (width, height) = image.copy(), image.size
    face = font(width // 14, 600)
    lines = _wrapped(drawable(words), face, int(width * 0.5))
    wide = int(max(face.getlength(line) for line in lines)) + 24
    tall = int(face.size * 1.3) * len(lines) + 18
    paper, ink = chance.choice(PAPERS)
    board = textured(Image.new("RGB", (wide, tall), paper), patch("cloudy", (wide, tall), chance), 0.2)
    draw = ImageDraw.Draw(board)
    draw.rectangle((3, 3, wide - 4, tall - 4), outline=shade(ink, 1.3), width=2)
    for n, line in enumerate(lines):
        draw.text(((wide - face.getlength(line)) / 2, 6 + n * int(face.size * 1.3)), line, ink, face)
    x, y = chance.randrange(6, width - wide - 5), chance.randrange(8, max(9, height // 4))
    ImageDraw.Draw(out).line((x + wide // 2, 0, x + wide // 2, y), fill=(70, 60, 54), width=2)
    out.paste((30, 26, 30), (x + 4, y + 5, x + 4 + wide, y + 5 + tall), Image.new("L", (wide, tall), 90))
    out.paste(board, (x, y))
    return PictureWithText(out, "\n".join(lines))


def page(size: tuple[int, int], title: str, words: str, ornaments: Sequence[Image.Image], chance: Random) -> PictureWithText:
    """A picture of words: a title and a paragraph on coloured paper, some things (RGBA) at its foot."""
    width, height = size
    paper, ink = chance.choice(PAPERS)
    out = gradient(size, paper, shade(paper, 0.9))
    draw, large, small = ImageDraw.Draw(out), font(width // 12, 800), font(width // 17, 500)
    if chance.random() < 0.6:
        edge = chance.choice(((0.0, 0.0, 0.03, 1.0), (0.0, 0.0, 1.0, 0.03), (0.0, 0.97, 1.0, 1.0), (0.97, 0.0, 1.0, 1.0)))
        draw.rectangle([v * size[n % 2] for n, v in enumerate(edge)], fill=shade(ink, 1.4))
    heads, left = _wrapped(drawable(title), large, int(width * 0.8)), width * chance.uniform(0.07, 0.12)
    fitting = int((height * 0.66 - len(heads) * large.size * 1.35) / (small.size * 1.5))
    body = _wrapped(drawable(words), small, int(width * 0.8))[: max(1, fitting)]
    y = height * chance.uniform(0.05, 0.1)
    for face, lines, step in ((large, heads, 1.35), (small, body, 1.5)):
        for line in lines:
            draw.text((left, y), line, ink, face)
            y += face.size * step
        y += small.size * 0.4
    x = chance.uniform(0.06, 0.2) * width
    for thing in ornaments:
        if x + thing.width > width * 0.95:
            break
        out.paste(thing, (int(x), height - thing.height - int(height * chance.uniform(0.03, 0.06))), thing)
        x += thing.width * chance.uniform(0.9, 1.3)
    return PictureWithText(out, "\n".join(heads + body))


def _wrapped(text: str, face: ImageFont.FreeTypeFont, width: int) -> list[str]:
    """Lines no wider than `width` pixels, broken between Latin words and between Chinese characters."""
    lines = [""]
    for piece in re.findall(r"[A-Za-z0-9'.,:;!?%/#()-]+\s*|.", text):
        if lines[-1] and face.getlength((lines[-1] + piece).rstrip()) > width:
            lines.append("")
        lines[-1] += piece if lines[-1] else piece.lstrip()
    return [line.rstrip() for line in lines if line.strip()] or ["·"]
