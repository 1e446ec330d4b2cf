"""Textures and inks that make flat colour look like a photograph. Integers only: the same on every machine."""

from functools import cache
from random import Random

import numpy as np
from PIL import Image, ImageChops

Ink = tuple[int, int, int]

TILE = 640
TILES = 5


@cache
def noise(kind: str, number: int) -> Image.Image:
    """One of TILES grey squares of texture, TILE pixels wide: 'cloudy' (all scales), 'fine' (grain of a film).

    Whole numbers only, so that every machine makes the same one.
    """
    source = np.random.Generator(np.random.PCG64(20260529 + number))
    if kind == "fine":
        tosses = source.integers(0, 256, (4, TILE, TILE)).sum(axis=0)  # near to normal
        return Image.fromarray((128 + (tosses - 510) // 34).clip(0, 255).astype(np.uint8))
    total = np.zeros((TILE, TILE), np.int32)
    for cells, weight in ((5, 5), (13, 4), (37, 4), (97, 4), (251, 4)):
        grid = Image.fromarray(source.integers(0, 256, (cells, cells)).astype(np.uint8))
        total += weight * (np.asarray(grid.resize((TILE, TILE), Image.Resampling.BICUBIC), np.int32) - 128)
    total -= int(total.sum()) // total.size
    return Image.fromarray((128 + total // 8).clip(0, 255).astype(np.uint8))


def patch(kind: str, size: tuple[int, int], chance: Random, stretch: float = 1.0) -> Image.Image:
    """A texture of that size that no other picture has, drawn out sideways by `stretch`.

    It is the mean of three pieces of `noise`, each from a place of its own and turned its own
    way: of one piece, two pictures would share a spot, and a spot that is shared is a copy.
    """
    width = max(8, min(TILE, int(size[0] / max(stretch, 0.8))))
    height = max(8, min(TILE, int(size[1] * min(max(stretch, 1.0), 1.6))))
    first, second, third = (_piece(kind, (width, height), chance) for _ in range(3))
    mixed = Image.blend(ImageChops.add(first, second, 2), third, 1 / 3)
    return mixed if mixed.size == size else mixed.resize(size, Image.Resampling.BICUBIC)


def _piece(kind: str, size: tuple[int, int], chance: Random) -> Image.Image:
    tile, way = noise(kind, chance.randrange(TILES)), chance.choice((None, *Image.Transpose))
    turned = way in (
        Image.Transpose.ROTATE_90,
        Image.Transpose.ROTATE_270,
        Image.Transpose.TRANSPOSE,
        Image.Transpose.TRANSVERSE,
    )
    width, height = size[::-1] if turned else size
    x, y = chance.randrange(TILE - width + 1), chance.randrange(TILE - height + 1)
    piece = tile.crop((x, y, x + width, y + height))
    return piece if way is None else piece.transpose(way)


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
