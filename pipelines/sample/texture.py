"""Textures and inks: what makes flat colour look like a photograph. Whole numbers only: every machine makes the same."""

from functools import cache
from random import Random

import numpy as np
from PIL import Image, ImageChops, ImageOps

Ink = tuple[int, int, int]

TILE = 640


@cache
def noise(kind: str) -> Image.Image:
    """A grey square of texture, TILE pixels wide: 'cloudy' (all scales), 'fine' (grain of a film).

    Whole numbers only, so that every machine makes the same one.
    """
    source = np.random.Generator(np.random.PCG64(20260529))
    if kind == "fine":
        tosses = source.integers(0, 256, (4, TILE, TILE)).sum(axis=0)  # near to normal
        return Image.fromarray((128 + (tosses - 510) // 48).clip(0, 255).astype(np.uint8))
    total = np.zeros((TILE, TILE), np.int32)
    for cells, weight in ((5, 5), (13, 4), (37, 4), (97, 4), (251, 4)):
        grid = Image.fromarray(source.integers(0, 256, (cells, cells)).astype(np.uint8))
        total += weight * (np.asarray(grid.resize((TILE, TILE), Image.Resampling.BICUBIC), np.int32) - 128)
    total -= int(total.sum()) // total.size
    return Image.fromarray((128 + total // 13).clip(0, 255).astype(np.uint8))


def patch(kind: str, size: tuple[int, int], chance: Random, stretch: float = 1.0) -> Image.Image:
    """A piece of `noise` of that size from a place of its own, drawn out sideways by `stretch`."""
    width = max(8, min(TILE, int(size[0] / max(stretch, 0.8))))
    height = max(8, min(TILE, int(size[1] * min(max(stretch, 1.0), 1.6))))
    x, y = chance.randrange(TILE - width + 1), chance.randrange(TILE - height + 1)
    piece = noise(kind).crop((x, y, x + width, y + height))
    if chance.random() < 0.5:
        piece = ImageOps.mirror(piece)
    return piece if piece.size == size else piece.resize(size, Image.Resampling.BICUBIC)


def gradient(size: tuple[int, int], top: Ink, bottom: Ink) -> Image.Image:
    """A colour that runs from `top` to `bottom`."""
    strip = Image.new("RGB", (1, 2))
    strip.putpixel((0, 0), top)
    strip.putpixel((0, 1), bottom)
    return strip.resize(size, Image.Resampling.BILINEAR)


def shade(ink: Ink, factor: float) -> Ink:
    """The ink, lighter or darker."""
    red, green, blue = (max(0, min(255, int(v * factor))) for v in ink)
    return red, green, blue


def textured(image: Image.Image, texture: Image.Image, strength: float) -> Image.Image:
    """The picture with a grey texture laid over it; strength from 0 to 1."""
    return Image.blend(image, ImageChops.overlay(image, Image.merge("RGB", [texture] * 3)), strength)
