"""How well one small picture lies somewhere in another: a loose search by pixels, where local features find nothing to hold.

A plain thing on plain ground has a handful of features, and a crop of it has none that are the same.
What is left of it are its edges. So one picture is laid on every place of the other, in sizes from all of
it down to a fifth of its area, as it is and mirrored, and the slopes of the grey levels are correlated:
coarsely everywhere, then finely around the best places. A floor of noise is added to both as if they had it
in common: two that show nothing correlate fully, since nobody can say that they differ.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Grey = NDArray[np.uint8]

COARSE, FINE = 12, 32
"""Sides to which what is laid is brought, pixels."""
SIZES = tuple(0.87**k for k in range(7))
"""Sides of a place as shares of the whole picture's (of the roots of the areas): 1 to 0.43."""
NEAR_SIZES = (0.94, 1.0, 1.06)
"""What is tried finely, around the size that was found coarsely."""
AROUND = 0.12
"""Share of its side by which a place may be off."""
PLACES = 1
"""Places that are looked at finely, of each hand."""
PROMISING = 0.6
"""Coarse correlation below which no place is looked at finely. Source: dev/log.md."""
NOISE = 0.5
"""Levels a pixel of slope that both are taken to have in common. Ours: about what JPEG leaves in a plain area."""
CONTRAST = 2.5
"""How many times stronger the slopes of one may be: an edit of the light leaves a factor of two."""
SHAPE_STEP = 0.12
"""Pictures whose logarithms of width by height round to one multiple of this are laid in one shape coarsely."""
OVERHANG = 1.04
"""How far a place may be larger than the picture: shapes are rounded."""

EXPOSURE = 1.35
"""Gain of an overexposed copy, about."""
WHITE, MIN_WHITE = 253, 0.1
"""Level from which levels may have been lost in white, and the share of a picture that has to be so."""

Pair = tuple[str, str]


class View(NamedTuple):
    """Grey levels ready to be laid, and to be laid on."""

    grey: Grey
    """[h, w]; bytes, since many are held."""
    coarse: Floats
    """[2, d + 1] as it is and mirrored, at COARSE, unit length; the last number is NOISE's."""
    shape: int
    """Of its width by height, in steps of SHAPE_STEP."""


class Small(NamedTuple):
    """A picture as it is, and overexposed."""

    plain: View
    exposed: View
    """Often little is left: of that nobody can say what it is not either."""
    light: float
    """Mean level."""
    clipped: bool
    """Whether some of it is white: it may be overexposed itself."""


Named = tuple[str, View]


class _Places(NamedTuple):
    """All places of a picture, for things of one shape."""

    vectors: Floats
    """[d, places]: a product with few rows reads it once, and in order."""
    lengths: Floats
    """[places] of the vectors, NOISE with them."""
    sizes: Sequence[tuple[int, int, float, float, float]]
    """Of each size where its places begin, how many stand in a row, pixels a step to the right and down, root of the area."""

    def alike(self, coarse: Floats) -> Floats:
        """[2, places] how a view's two hands correlate with each place."""
        noise = coarse[:, -1:] * np.float32(NOISE * len(self.vectors) ** 0.5)
        return np.asarray((coarse[:, :-1] @ self.vectors + noise) / self.lengths, np.float32)

    def box(self, place: int) -> tuple[float, float, float]:
        """Middle x, middle y and root of the area of a place, pixels."""
        begin, columns, right, down, root = next(size for size in reversed(self.sizes) if size[0] <= place)
        y, x = divmod(place - begin, columns)
        return (x + COARSE / 2) * right, (y + COARSE / 2) * down, root


def small(jpeg: bytes) -> Small:
    """Of a thumbnail's file. Cost: 0.5 ms."""
    grey = np.asarray(cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_GRAYSCALE), np.uint8)
    brighter = np.minimum(grey.astype(np.float32) * EXPOSURE, 255).astype(np.uint8)
    return Small(_view(grey), _view(brighter), float(grey.mean()), float((grey >= WHITE).mean()) >= MIN_WHITE)


def lies_in(pairs: Sequence[Pair], pictures: Mapping[str, Small], least: float) -> NDArray[np.bool_]:
    """[pairs] whether one of the two pictures lies somewhere in the other, as they are or the darker one overexposed.

    Args:
        pairs: names of pictures.
        pictures: by name.
        least: correlation of the slopes from which it does.

    Cost: for each picture and each shape that is laid on it 0.4 ms, and for each pair 0.05 ms, or 1 ms where it is promising;
    twice that where the lighter one has white in it.
    """
    found = _lie([((one, pictures[one].plain), (other, pictures[other].plain)) for one, other in pairs], least)
    exposed = {row: both for row in np.flatnonzero(~found).tolist() if (both := _overexposed(pairs[row], pictures))}
    found[list(exposed)] = _lie(list(exposed.values()), least)
    return found


def _overexposed(pair: Pair, pictures: Mapping[str, Small]) -> tuple[Named, Named] | None:
    """The darker one overexposed, and the lighter one; None where that cannot be what made it lighter."""
    darker, lighter = sorted(pair, key=lambda name: (pictures[name].light, name))
    if not pictures[lighter].clipped:
        return None
    return (f"{darker} exposed", pictures[darker].exposed), (lighter, pictures[lighter].plain)


def _lie(pairs: Sequence[tuple[Named, Named]], least: float) -> NDArray[np.bool_]:
    """`lies_in` of views."""
    found = np.zeros(len(pairs), bool)
    views = dict(named for pair in pairs for named in pair)
    jobs: dict[tuple[str, int], list[tuple[int, View]]] = defaultdict(list)
    for row, (one, other) in enumerate(pairs):
        for (_, laid), (ground, _) in ((one, other), (other, one)):
            jobs[ground, laid.shape].append((row, laid))
    for (ground, shape), asked in jobs.items():
        open_ = [(row, laid) for row, laid in asked if not found[row]]
        places = _places(views[ground].grey, float(np.exp(shape * SHAPE_STEP))) if open_ else None
        if places is None:
            continue
        for row, laid in open_:
            # Each by itself: the last bits of a product depend on its shape, and the answer may not depend on the others.
            found[row] = _finely(laid.grey, views[ground].grey, places.alike(laid.coarse), places, least)
    return found


def _view(grey: Grey) -> View:
    height, width = grey.shape
    laid = _resized(grey, (COARSE, COARSE))
    both = np.stack([_slopes(one).ravel() for one in (laid, np.ascontiguousarray(laid[:, ::-1]))])
    whole = np.concatenate([both, np.full((2, 1), NOISE * both.shape[1] ** 0.5, np.float32)], axis=1)
    coarse = whole / np.linalg.norm(whole, axis=1, keepdims=True)
    return View(grey, coarse, round(np.log(width / height) / SHAPE_STEP))


def _places(grey: Grey, aspect: float) -> _Places | None:
    """Every place of the picture, a pixel of COARSE apart, for things of this width by height; None: it is too narrow."""
    height, width = grey.shape
    half = _resized(grey, (max(1, width // 2), max(1, height // 2)))  # the least size is far below it
    vectors, squares, sizes, begin = [], [], [], 0
    for size in SIZES:
        root = size * (width * height) ** 0.5
        wide, high = root * aspect**0.5, root / aspect**0.5
        if wide > width * OVERHANG or high > height * OVERHANG:
            continue
        sides = max(COARSE, round(width * COARSE / wide)), max(COARSE, round(height * COARSE / high))
        fits = sides[0] <= half.shape[1] and sides[1] <= half.shape[0]
        slopes = _slopes(_resized(half if fits else grey, sides))
        rows, columns = slopes.shape[1] - COARSE + 1, slopes.shape[2] - COARSE + 1
        # slopes, y and x as `_view` has them, by place
        step = slopes.strides[1:]
        windows = np.lib.stride_tricks.as_strided(slopes, (2, COARSE, COARSE, rows, columns), (*slopes.strides, *step))
        vectors.append(windows.reshape(-1, rows * columns))
        square = slopes[0] * slopes[0] + slopes[1] * slopes[1]
        sums = cv2.boxFilter(square, -1, (COARSE, COARSE), anchor=(0, 0), normalize=False, borderType=cv2.BORDER_CONSTANT)
        squares.append(sums[:rows, :columns].ravel())
        sizes.append((begin, columns, width / sides[0], height / sides[1], root))
        begin += rows * columns
    if not vectors:
        return None
    every = np.concatenate(vectors, axis=1)
    lengths = np.sqrt(np.concatenate(squares) + np.float32(NOISE**2 * len(every)))
    return _Places(every, lengths, sizes)


def _finely(laid: Grey, ground: Grey, hands: Floats, places: _Places, least: float) -> bool:
    """Whether one of the best places holds it. hands: [2, places] coarse correlations."""
    best = hands.max(axis=1)
    for hand in np.flatnonzero(best >= PROMISING):
        coarse = hands[hand]
        top = np.argpartition(-coarse, PLACES)[:PLACES] if len(coarse) > PLACES else np.arange(len(coarse))
        top = top[coarse[top] >= PROMISING]
        thing = laid if hand == 0 else np.ascontiguousarray(laid[:, ::-1])
        slopes = _in_depth(_slopes(_resized(thing, (FINE, FINE))))
        if any(_around(slopes, laid.shape[1] / laid.shape[0], ground, places.box(int(place))) >= least for place in top):
            return True
    return False


def _around(slopes: Floats, aspect: float, ground: Grey, box: tuple[float, float, float]) -> float:
    """The best correlation of [FINE, FINE, 2] slopes with the ground, a little around a place and in sizes near its own."""
    noise, best = FINE * FINE * 2 * NOISE**2, -1.0
    own = float((slopes * slopes).sum()) + noise
    x, y, root = box
    for size in NEAR_SIZES:
        wide, high = root * size * aspect**0.5, root * size / aspect**0.5
        part = _cut(ground, x, y, wide, high)
        sides = round(part.shape[1] * FINE / wide), round(part.shape[0] * FINE / high)
        if min(sides) < FINE * 0.93:
            continue
        there = _in_depth(_slopes(_resized(part, (max(sides[0], FINE), max(sides[1], FINE)))))
        common = cv2.matchTemplate(there, slopes, cv2.TM_CCORR)
        squares = cv2.integral((there * there).sum(axis=2))
        theirs = squares[FINE:, FINE:] - squares[:-FINE, FINE:] - squares[FINE:, :-FINE] + squares[:-FINE, :-FINE]
        alike = (common + noise) / np.sqrt((theirs + noise) * own)
        ratio = np.sqrt((theirs + noise) / own)
        alike[(ratio > CONTRAST) | (ratio < 1 / CONTRAST)] = -1
        best = max(best, float(alike.max()))
    return best


def _cut(ground: Grey, x: float, y: float, wide: float, high: float) -> Grey:
    """The place and AROUND to all sides of it, as far as there is ground."""
    height, width = ground.shape
    reach = 0.5 + AROUND
    left, right = max(0, int(x - wide * reach)), min(width, int(np.ceil(x + wide * reach)))
    top, bottom = max(0, int(y - high * reach)), min(height, int(np.ceil(y + high * reach)))
    return ground[top:bottom, left:right]


def _slopes(grey: Floats) -> Floats:
    """[h, w] -> [2, h, w] levels a pixel, to the right and down."""
    slopes = np.empty((2, *grey.shape), np.float32)
    for way, slope in zip(((1, 0), (0, 1)), slopes, strict=True):
        cv2.Sobel(grey, cv2.CV_32F, *way, dst=slope, ksize=3, scale=0.125)
    return slopes


def _in_depth(slopes: Floats) -> Floats:
    """[2, h, w] -> [h, w, 2], as OpenCV has it."""
    return np.dstack(list(slopes))


def _resized(grey: Grey | Floats, sides: tuple[int, int]) -> Floats:
    way = cv2.INTER_AREA if sides[0] <= grey.shape[1] and sides[1] <= grey.shape[0] else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(grey.astype(np.float32, copy=False), sides, interpolation=way), np.float32)
