"""Edited copies of a picture, drawn by chance: what a repost does to one. Training learns to see through them."""

from collections.abc import Callable
from random import Random

import cv2
import numpy as np

from pipelines.media.decode import Pixels

Edit = Callable[[Pixels, Random], Pixels]


def mild(picture: Pixels, side: int, chance: Random) -> Pixels:
    """A copy about which a caption still holds: nothing mirrored, little cut off, colours nearly as they were."""
    x0, x1, y0, y1 = (chance.uniform(0, 0.08) for _ in range(4))
    out = _resized(_part(picture, x0, y0, 1 - x1, 1 - y1), side)
    if chance.random() < 0.5:
        out = _light(out, chance, 0.15)
    return _jpeg(out, chance) if chance.random() < 0.3 else out


def strong(picture: Pixels, side: int, chance: Random, smallest: float = 0.2) -> Pixels:
    """A copy as far from the picture as people make them.

    Args:
        picture: [h, w, 3].
        side: of the square that comes out, pixels.
        chance: where all randomness comes from.
        smallest: share of the area that a crop keeps at least.
    """
    out = _crop(picture, chance, smallest) if chance.random() < 0.6 else picture
    out = _resized(out, side)
    for edit, share in _EDITS:
        if chance.random() < share:
            out = edit(out, chance)
    return out


def _part(picture: Pixels, x0: float, y0: float, x1: float, y1: float) -> Pixels:
    height, width = picture.shape[:2]
    return picture[int(y0 * height) : max(int(y1 * height), 1), int(x0 * width) : max(int(x1 * width), 1)]


def _resized(picture: Pixels, side: int) -> Pixels:
    shrinks = min(picture.shape[:2]) > side
    return cv2.resize(picture, (side, side), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)


def _crop(picture: Pixels, chance: Random, smallest: float) -> Pixels:
    """At about the picture's own aspect, as a crop mostly is."""
    area, aspect = chance.uniform(smallest, 1), chance.uniform(0.8, 1.25)
    width, height = min((area * aspect) ** 0.5, 1), min((area / aspect) ** 0.5, 1)
    x, y = chance.uniform(0, 1 - width), chance.uniform(0, 1 - height)
    return _part(picture, x, y, x + width, y + height)


def _mirror(picture: Pixels, chance: Random) -> Pixels:
    return picture[:, ::-1]


def _light(picture: Pixels, chance: Random, reach: float = 0.4) -> Pixels:
    """Brightness, contrast and a colour cast, as one table of levels a channel."""
    gain, offset = 1 + chance.uniform(-reach, reach), 255 * chance.uniform(-reach, reach) / 3
    levels = np.arange(256)
    casts = [1 + chance.uniform(-reach, reach) / 2 for _ in range(3)]
    tables = np.stack([np.clip((levels - 128) * gain * cast + 128 * cast + offset, 0, 255) for cast in casts], -1)
    return cv2.LUT(picture, tables.astype(np.uint8)[None])


def _grey(picture: Pixels, chance: Random) -> Pixels:
    return np.repeat(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)[:, :, None], 3, axis=2)


def _blur(picture: Pixels, chance: Random) -> Pixels:
    return cv2.GaussianBlur(picture, (0, 0), chance.uniform(0.4, 1.2))


def _jpeg(picture: Pixels, chance: Random) -> Pixels:
    _, coded = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, chance.randrange(20, 90)])
    return np.asarray(cv2.imdecode(coded, cv2.IMREAD_COLOR))


def _border(picture: Pixels, chance: Random) -> Pixels:
    side = len(picture)
    x, y = (int(side * chance.uniform(0, 0.12)) for _ in range(2))
    out = np.full_like(picture, chance.choice((0, 255, 255, chance.randrange(256))))
    out[y : side - y, x : side - x] = cv2.resize(picture, (side - 2 * x, side - 2 * y), interpolation=cv2.INTER_AREA)
    return out


def _bar(picture: Pixels, chance: Random) -> Pixels:
    """A caption's bar, with blocks for its words."""
    out, side = picture.copy(), len(picture)
    high = int(side * chance.uniform(0.06, 0.2))
    top = chance.choice((0, side - high))
    dark = chance.random() < 0.6
    out[top : top + high] = 20 if dark else 240
    for x in range(3, side - 8, chance.randrange(6, 14)):
        out[top + high // 3 : top + 2 * high // 3, x : x + 4] = 240 if dark else 20
    return out


def _sticker(picture: Pixels, chance: Random) -> Pixels:
    out, side = picture.copy(), len(picture)
    axes = tuple(int(side * chance.uniform(0.05, 0.18)) for _ in range(2))
    centre = (chance.randrange(side), chance.randrange(side))
    colour = tuple(chance.randrange(256) for _ in range(3))
    return cv2.ellipse(out, centre, axes, chance.uniform(0, 180), 0, 360, colour, -1)


def _tilt(picture: Pixels, chance: Random) -> Pixels:
    side = len(picture)
    turn = cv2.getRotationMatrix2D((side / 2, side / 2), chance.uniform(-6, 6), 1)
    return cv2.warpAffine(picture, turn, (side, side), flags=cv2.INTER_LINEAR, borderValue=(255, 255, 255))


_EDITS: tuple[tuple[Edit, float], ...] = (
    (_mirror, 0.25), (_light, 0.6), (_grey, 0.15), (_blur, 0.25), (_tilt, 0.15),
    (_sticker, 0.2), (_bar, 0.12), (_border, 0.15), (_jpeg, 0.4),
)  # fmt: skip
"""In the order in which they are made, with their shares."""
