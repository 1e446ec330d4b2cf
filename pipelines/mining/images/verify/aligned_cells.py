"""Cell-by-cell comparison of two aligned pictures: structure and colour.

One picture is warped onto the other at the coarser one's resolution. A cell is a window of 8 x 8
pixels, a cell every 4 pixels. Structure is the correlation within the cell, which no change
of light or colour alters; colour is the cell's mean.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from pipelines.mining.images.verify.warp_refinement import Matrix, covered, inverse, refined, resizing, warped

Floats = npt.NDArray[np.float32]

STRIDE = 4
MIN_CELLS = 6
NOISE = 2.0
"""Grey levels: deviation that recompression leaves in a flat cell."""


@dataclass(frozen=True, slots=True)
class ThumbnailPlanes:
    """A small picture as float planes, ready for comparison."""

    rgb: Floats
    """[h, w, 3]"""
    grey: Floats
    """[h, w]"""


@dataclass(frozen=True)
class CellOverlap:
    """Cells [gh, gw] of the part of the target that the warped source covers.

    Most maps are refused by their structure alone: colours and pixels are compared lazily.
    """

    correlation: Floats
    """[gh, gw] of grey levels within the cell, -1 to 1; near 0 where both are flat."""
    texture: tuple[Floats, Floats]
    """[gh, gw] standard deviation within the cell, of source and of target."""
    whole: npt.NDArray[np.bool_]
    """[gh, gw] whether the whole cell is covered."""
    to_source: Matrix
    """Positions in the target thumbnail -> in the source thumbnail, after refinement."""
    warp: "_Warp"
    """The pictures that were compared."""

    @cached_property
    def colour(self) -> tuple[Floats, Floats]:
        """[gh, gw, 3] mean colour, of source and of target."""
        rgb, shape, target, inner, _, mask = self.warp
        if rgb.shape[:2] != shape:
            rgb = cv2.resize(rgb, shape[::-1], interpolation=cv2.INTER_AREA)
        return _mean(warped(rgb, inner, mask.shape)), _mean(target.rgb)

    @cached_property
    def pearson(self) -> float:
        """Correlation of all common pixels."""
        return _pearson(self.warp.grey, self.warp.target.grey, self.warp.mask)


class _Warp(NamedTuple):
    rgb: Floats
    """The source, not yet at the target's resolution: most maps are refused before its colours are compared."""
    shape: tuple[int, int]
    """Height and width of the source at the target's resolution."""
    target: ThumbnailPlanes
    inner: Matrix
    """Positions in `target` -> in the source at its resolution."""
    grey: Floats
    """[h, w] the source warped onto the target."""
    mask: Floats
    """[h, w] 1 where it covers the target."""


def prepared(rgb: npt.NDArray[np.uint8]) -> ThumbnailPlanes:
    """An RGB picture [h, w, 3] as a ThumbnailPlanes."""
    return ThumbnailPlanes(rgb.astype(np.float32), cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY).astype(np.float32))


def brightened(picture: ThumbnailPlanes, gain: float) -> ThumbnailPlanes:
    """The picture overexposed: levels above white are lost."""
    rgb = np.minimum(picture.rgb * np.float32(gain), 255)
    return ThumbnailPlanes(rgb, cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY))


def overlap(
    source: ThumbnailPlanes, target: ThumbnailPlanes, to_source: Matrix, steps: int, min_pearson: float
) -> CellOverlap | None:
    """Warp `source` (shrunk as needed) onto `target` and compare; None if they hardly overlap.

    Args:
        source: the one with the finer resolution of the common scene.
        target: the other.
        to_source: [3, 3] positions in the target's thumbnail -> in the source's.
        steps: of refinement on the pixels; 0 for none.
        min_pearson: correlation of the pixels, before any step, below which the map is refused.
    """
    small, shrink = _shrunk(source.grey, to_source)
    window, shift = _window(small.shape, target, shrink @ to_source)
    if min(window.grey.shape) < 3 * STRIDE:
        return None
    inner = _refined(small, window.grey, shrink @ to_source @ shift, steps, min_pearson)
    if inner is None:
        return None
    mask = covered(small.shape, inner, window.grey.shape)
    if float(mask.sum()) < 16 * STRIDE * STRIDE:
        return None
    warp = _Warp(source.rgb, small.shape[:2], window, inner, warped(small, inner, mask.shape), mask)
    cells = _cells(warp, inverse(shrink) @ inner @ inverse(shift))
    return cells if int(cells.whole.sum()) >= MIN_CELLS else None


def _shrunk(source: Floats, to_source: Matrix) -> tuple[Floats, Matrix]:
    """The grey source at about the target's resolution, and the map of its positions: no aliasing when it is warped."""
    zoom = abs(np.linalg.det(to_source[:2, :2])) ** 0.5
    if zoom <= 1.2:
        return source, np.eye(3)
    height, width = source.shape
    size = max(4, round(width / zoom)), max(4, round(height / zoom))
    small = cv2.resize(source, size, interpolation=cv2.INTER_AREA)
    return small, resizing(source.shape, small.shape)


def _window(shape: tuple[int, ...], target: ThumbnailPlanes, to_source: Matrix) -> tuple[ThumbnailPlanes, Matrix]:
    """The part of the target that a source of `shape` covers, and the map from its positions to the target's."""
    x, y = corners(shape, inverse(to_source))
    left, top = max(0, int(np.floor(x.min())) - 2), max(0, int(np.floor(y.min())) - 2)
    right, bottom = max(0, int(np.ceil(x.max())) + 3), max(0, int(np.ceil(y.max())) + 3)
    shift = np.array([[1.0, 0, left], [0, 1, top], [0, 0, 1]])
    return ThumbnailPlanes(target.rgb[top:bottom, left:right], target.grey[top:bottom, left:right]), shift


def corners(shape: tuple[int, ...], matrix: Matrix) -> npt.NDArray[np.float64]:
    """[2, 4] the corners of a picture of `shape` after `matrix`: x and y, clockwise from the top left."""
    height, width = shape[:2]
    ends = np.array([[-0.5, width - 0.5, width - 0.5, -0.5], [-0.5, -0.5, height - 0.5, height - 0.5], [1, 1, 1, 1]])
    mapped = matrix @ ends
    return mapped[:2] / mapped[2]


def _refined(source: Floats, target: Floats, to_source: Matrix, steps: int, min_pearson: float) -> Matrix | None:
    """The map, refined at half the resolution: steps reach further and cost a quarter. None if the pixels do not correlate."""
    half_source, half_target = _halved(source), _halved(target)
    down, back = resizing(source.shape, half_source.shape), resizing(half_target.shape, target.shape)
    half = down @ to_source @ back
    mask = covered(half_source.shape, half, half_target.shape)
    if min_pearson > -1 and _pearson(warped(half_source, half, half_target.shape), half_target, mask) < min_pearson:
        return None
    half = refined(half_source, half_target, half, steps)
    inner: Matrix = inverse(down) @ half @ inverse(back)
    return inner


def _pearson(warped_source: Floats, target: Floats, mask: Floats) -> float:
    """Correlation of the common pixels."""
    inside = mask > 0
    if inside.sum() < 4:
        return -1.0
    a, t = warped_source[inside], target[inside]
    a, t = a - a.mean(), t - t.mean()
    size = float(np.sqrt((a @ a) * (t @ t)))
    return float(a @ t) / size if size > 0 else 0.0


def _halved(grey: Floats) -> Floats:
    height, width = grey.shape
    return cv2.resize(grey, (max(1, width // 2), max(1, height // 2)), interpolation=cv2.INTER_AREA)


def _cells(warp: _Warp, to_source: Matrix) -> CellOverlap:
    grey, target, mask = warp.grey, warp.target, warp.mask
    mean_s, mean_t = _mean(grey), _mean(target.grey)
    var_s = np.maximum(_mean(grey * grey) - mean_s * mean_s, 0)
    var_t = np.maximum(_mean(target.grey * target.grey) - mean_t * mean_t, 0)
    both = _mean(grey * target.grey) - mean_s * mean_t
    correlation = (both / np.sqrt((var_s + NOISE**2) * (var_t + NOISE**2))).astype(np.float32)
    texture = np.sqrt(var_s), np.sqrt(var_t)
    return CellOverlap(correlation, texture, _mean(mask) > 0.999, to_source, warp)


def _mean(plane: Floats) -> Floats:
    """[h, w] or [h, w, c] -> means of windows of 2 STRIDE pixels, one every STRIDE."""
    height, width = plane.shape[0] // STRIDE, plane.shape[1] // STRIDE
    blocks = cv2.resize(plane[: height * STRIDE, : width * STRIDE], (width, height), interpolation=cv2.INTER_AREA)
    return (blocks[:-1, :-1] + blocks[1:, :-1] + blocks[:-1, 1:] + blocks[1:, 1:]) / 4
