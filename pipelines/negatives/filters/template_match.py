"""Template matching: whether one small picture occurs somewhere in another, for pictures with too few local features.

A plain object on a plain background has a handful of features, and a crop of it shares none of them;
only its edges remain. So one picture (the template) is compared with every window of the other (the
image), at scales from all of it down to a fifth of its area, as it is and mirrored, by the correlation of
their grey gradients: coarsely everywhere, then finely around the best windows. A constant noise term is
added to both as if they shared it: two blank pictures correlate fully, since nothing shows that they differ.
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
"""Sides of the template at the coarse and the fine level, pixels."""
SCALES = tuple(0.87**k for k in range(7))
"""Sides of a window as shares of the image's (of the square roots of the areas): 1 to 0.43."""
NEAR_SCALES = (0.94, 1.0, 1.06)
"""Scales that are tried at the fine level, relative to the coarse one."""
SEARCH_MARGIN = 0.12
"""Share of its side by which a coarse window may be off."""
FINE_WINDOWS = 1
"""Windows that are checked finely, for the template and for its mirror image."""
MIN_COARSE = 0.6
"""Coarse correlation below which no window is checked finely. Source: dev/log.md."""
NOISE = 0.5
"""Gradient, in levels a pixel, that both are assumed to share. Ours: about what JPEG leaves in a plain area."""
CONTRAST = 2.5
"""How many times stronger the gradients of one may be: an edit of brightness leaves a factor of two."""
SHAPE_STEP = 0.12
"""Templates whose logarithm of width by height rounds to one multiple of this share a shape at the coarse level."""
MAX_OVERSIZE = 1.04
"""How far a window may be larger than the image: shapes are rounded."""

EXPOSURE = 1.35
"""Approximate gain of an overexposed copy."""
WHITE, MIN_WHITE = 253, 0.1
"""Level from which pixels may be clipped, and the share of a picture that must be clipped to count as overexposed."""

Pair = tuple[str, str]


class MatchView(NamedTuple):
    """A grey picture, prepared as image and as template."""

    grey: Grey
    """[h, w] uint8, since many are in memory."""
    coarse: Floats
    """[2, d + 1] gradients as it is and mirrored, at COARSE, unit length; the last number is that of NOISE."""
    shape: int
    """Logarithm of width by height, in steps of SHAPE_STEP."""


class MatchImage(NamedTuple):
    """A picture as it is, and overexposed."""

    plain: MatchView
    exposed: MatchView
    """Often little is left of it."""
    light: float
    """Mean level."""
    clipped: bool
    """Whether some of it is clipped: it may be overexposed itself."""


NamedView = tuple[str, MatchView]


class _Windows(NamedTuple):
    """All windows of an image, for templates of one shape."""

    vectors: Floats
    """[d, windows]: a product with few rows reads it once, and in order."""
    lengths: Floats
    """[windows] of the vectors, NOISE included."""
    sizes: Sequence[tuple[int, int, float, float, float]]
    """For each scale: number of its first window, windows in a row, pixels a step right and down, square root of the area."""

    def correlations(self, coarse: Floats) -> Floats:
        """[2, windows] correlation of a template and its mirror image with each window."""
        noise = coarse[:, -1:] * np.float32(NOISE * len(self.vectors) ** 0.5)
        return np.asarray((coarse[:, :-1] @ self.vectors + noise) / self.lengths, np.float32)

    def box(self, window: int) -> tuple[float, float, float]:
        """Centre x, centre y and square root of the area of a window, pixels."""
        begin, columns, right, down, root = next(size for size in reversed(self.sizes) if size[0] <= window)
        y, x = divmod(window - begin, columns)
        return (x + COARSE / 2) * right, (y + COARSE / 2) * down, root


def match_image(jpeg: bytes) -> MatchImage:
    """Prepare a thumbnail's file. Cost: 0.5 ms."""
    grey = np.asarray(cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_GRAYSCALE), np.uint8)
    brighter = np.minimum(grey.astype(np.float32) * EXPOSURE, 255).astype(np.uint8)
    return MatchImage(_view(grey), _view(brighter), float(grey.mean()), float((grey >= WHITE).mean()) >= MIN_WHITE)


def template_matches(pairs: Sequence[Pair], pictures: Mapping[str, MatchImage], least: float) -> NDArray[np.bool_]:
    """[pairs] whether one of the two pictures occurs in the other, as they are or with the darker one overexposed.

    Args:
        pairs: names of pictures.
        pictures: by name.
        least: correlation of the gradients from which they match.

    Cost: 0.4 ms for each image and shape of template, 0.05 ms for each pair, or 1 ms if it passes the coarse level; twice that
    if the lighter picture is clipped.
    """
    matches = _view_matches([((one, pictures[one].plain), (other, pictures[other].plain)) for one, other in pairs], least)
    exposed = {row: both for row in np.flatnonzero(~matches).tolist() if (both := _overexposed(pairs[row], pictures))}
    matches[list(exposed)] = _view_matches(list(exposed.values()), least)
    return matches


def _overexposed(pair: Pair, pictures: Mapping[str, MatchImage]) -> tuple[NamedView, NamedView] | None:
    """The darker picture overexposed, and the lighter one; None if overexposure cannot be the difference."""
    darker, lighter = sorted(pair, key=lambda name: (pictures[name].light, name))
    if not pictures[lighter].clipped:
        return None
    return (f"{darker} exposed", pictures[darker].exposed), (lighter, pictures[lighter].plain)


def _view_matches(pairs: Sequence[tuple[NamedView, NamedView]], least: float) -> NDArray[np.bool_]:
    """`template_matches` of views."""
    matches = np.zeros(len(pairs), bool)
    views = dict(named for pair in pairs for named in pair)
    jobs: dict[tuple[str, int], list[tuple[int, MatchView]]] = defaultdict(list)
    for row, (one, other) in enumerate(pairs):
        for (_, template), (image, _) in ((one, other), (other, one)):
            jobs[image, template.shape].append((row, template))
    for (image, shape), requests in jobs.items():
        open_ = [(row, template) for row, template in requests if not matches[row]]
        windows = _windows(views[image].grey, float(np.exp(shape * SHAPE_STEP))) if open_ else None
        if windows is None:
            continue
        for row, template in open_:
            # One product each: its last bits depend on its shape, and the result must not depend on the other pairs.
            mirrors = windows.correlations(template.coarse)
            matches[row] = _fine_match(template.grey, views[image].grey, mirrors, windows, least)
    return matches


def _view(grey: Grey) -> MatchView:
    height, width = grey.shape
    template = _resized(grey, (COARSE, COARSE))
    both = np.stack([_gradients(one).ravel() for one in (template, np.ascontiguousarray(template[:, ::-1]))])
    whole = np.concatenate([both, np.full((2, 1), NOISE * both.shape[1] ** 0.5, np.float32)], axis=1)
    coarse = whole / np.linalg.norm(whole, axis=1, keepdims=True)
    return MatchView(grey, coarse, round(np.log(width / height) / SHAPE_STEP))


def _windows(grey: Grey, aspect: float) -> _Windows | None:
    """Every window of the image, a pixel of COARSE apart, for templates of this width by height; None: it is too narrow."""
    height, width = grey.shape
    half = _resized(grey, (max(1, width // 2), max(1, height // 2)))  # the smallest scale is far below it
    vectors, squares, sizes, begin = [], [], [], 0
    for size in SCALES:
        root = size * (width * height) ** 0.5
        wide, high = root * aspect**0.5, root / aspect**0.5
        if wide > width * MAX_OVERSIZE or high > height * MAX_OVERSIZE:
            continue
        sides = max(COARSE, round(width * COARSE / wide)), max(COARSE, round(height * COARSE / high))
        fits = sides[0] <= half.shape[1] and sides[1] <= half.shape[0]
        gradients = _gradients(_resized(half if fits else grey, sides))
        rows, columns = gradients.shape[1] - COARSE + 1, gradients.shape[2] - COARSE + 1
        # gradients, y and x as `_view` has them, by window
        step = gradients.strides[1:]
        windows = np.lib.stride_tricks.as_strided(gradients, (2, COARSE, COARSE, rows, columns), (*gradients.strides, *step))
        vectors.append(windows.reshape(-1, rows * columns))
        square = gradients[0] * gradients[0] + gradients[1] * gradients[1]
        sums = cv2.boxFilter(square, -1, (COARSE, COARSE), anchor=(0, 0), normalize=False, borderType=cv2.BORDER_CONSTANT)
        squares.append(sums[:rows, :columns].ravel())
        sizes.append((begin, columns, width / sides[0], height / sides[1], root))
        begin += rows * columns
    if not vectors:
        return None
    every = np.concatenate(vectors, axis=1)
    lengths = np.sqrt(np.concatenate(squares) + np.float32(NOISE**2 * len(every)))
    return _Windows(every, lengths, sizes)


def _fine_match(template: Grey, image: Grey, mirrors: Floats, windows: _Windows, least: float) -> bool:
    """Whether the template matches at one of the best windows. mirrors: [2, windows] coarse correlations."""
    best = mirrors.max(axis=1)
    for mirror in np.flatnonzero(best >= MIN_COARSE):
        coarse = mirrors[mirror]
        top = np.argpartition(-coarse, FINE_WINDOWS)[:FINE_WINDOWS] if len(coarse) > FINE_WINDOWS else np.arange(len(coarse))
        top = top[coarse[top] >= MIN_COARSE]
        oriented = template if mirror == 0 else np.ascontiguousarray(template[:, ::-1])
        gradients = _channels_last(_gradients(_resized(oriented, (FINE, FINE))))
        aspect = template.shape[1] / template.shape[0]
        if any(_fine_correlation(gradients, aspect, image, windows.box(int(window))) >= least for window in top):
            return True
    return False


def _fine_correlation(gradients: Floats, aspect: float, image: Grey, box: tuple[float, float, float]) -> float:
    """The best correlation of [FINE, FINE, 2] gradients with the image, around a window and at scales near its own."""
    noise, best = FINE * FINE * 2 * NOISE**2, -1.0
    own_energy = float((gradients * gradients).sum()) + noise
    x, y, root = box
    for size in NEAR_SCALES:
        wide, high = root * size * aspect**0.5, root * size / aspect**0.5
        part = _crop(image, x, y, wide, high)
        sides = round(part.shape[1] * FINE / wide), round(part.shape[0] * FINE / high)
        if min(sides) < FINE * 0.93:
            continue
        part_gradients = _channels_last(_gradients(_resized(part, (max(sides[0], FINE), max(sides[1], FINE)))))
        common = cv2.matchTemplate(part_gradients, gradients, cv2.TM_CCORR)
        squares = cv2.integral((part_gradients * part_gradients).sum(axis=2))
        energy = squares[FINE:, FINE:] - squares[:-FINE, FINE:] - squares[FINE:, :-FINE] + squares[:-FINE, :-FINE]
        correlation = (common + noise) / np.sqrt((energy + noise) * own_energy)
        ratio = np.sqrt((energy + noise) / own_energy)
        correlation[(ratio > CONTRAST) | (ratio < 1 / CONTRAST)] = -1
        best = max(best, float(correlation.max()))
    return best


def _crop(image: Grey, x: float, y: float, wide: float, high: float) -> Grey:
    """The window and SEARCH_MARGIN on all sides of it, clipped to the image."""
    height, width = image.shape
    reach = 0.5 + SEARCH_MARGIN
    left, right = max(0, int(x - wide * reach)), min(width, int(np.ceil(x + wide * reach)))
    top, bottom = max(0, int(y - high * reach)), min(height, int(np.ceil(y + high * reach)))
    return image[top:bottom, left:right]


def _gradients(grey: Floats) -> Floats:
    """[h, w] -> [2, h, w] levels a pixel, to the right and down."""
    gradients = np.empty((2, *grey.shape), np.float32)
    for way, slope in zip(((1, 0), (0, 1)), gradients, strict=True):
        cv2.Sobel(grey, cv2.CV_32F, *way, dst=slope, ksize=3, scale=0.125)
    return gradients


def _channels_last(gradients: Floats) -> Floats:
    """[2, h, w] -> [h, w, 2], as OpenCV expects."""
    return np.dstack(list(gradients))


def _resized(grey: Grey | Floats, sides: tuple[int, int]) -> Floats:
    way = cv2.INTER_AREA if sides[0] <= grey.shape[1] and sides[1] <= grey.shape[0] else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(grey.astype(np.float32, copy=False), sides, interpolation=way), np.float32)
