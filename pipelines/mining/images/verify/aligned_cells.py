"""What two aligned pictures have in common, cell by cell: structure and colour.

One picture is laid on the other at the coarser one's resolution. A cell is a window of 8 x 8
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
"""Grey levels: deviations within a cell that recompression leaves in a flat one."""


@dataclass(frozen=True, slots=True)
class Thumbnail:
    """A small picture, ready to be compared."""

    rgb: Floats
    """[h, w, 3]"""
    grey: Floats
    """[h, w]"""


@dataclass(frozen=True)
class Overlap:
    """Cells [gh, gw] of the part of the target on which the source lies.

    Most maps are refused by their structure alone: colours and pixels are compared when they are asked for.
    """

    correlation: Floats
    """[gh, gw] of grey levels within the cell, -1 to 1; near 0 where both are flat."""
    texture: tuple[Floats, Floats]
    """[gh, gw] standard deviation within the cell, of source and of target."""
    whole: npt.NDArray[np.bool_]
    """[gh, gw] whether the whole cell is covered."""
    to_source: Matrix
    """Positions in the target thumbnail -> in the source thumbnail, after refinement."""
    laid: "_Laid"
    """The pictures that were compared."""

    @cached_property
    def colour(self) -> tuple[Floats, Floats]:
        """[gh, gw, 3] mean colour, of source and of target."""
        source, target, inner, _, mask = self.laid
        return _mean(warped(source.rgb, inner, mask.shape)), _mean(target.rgb)

    @cached_property
    def pearson(self) -> float:
        """Correlation of all common pixels."""
        return _pearson(self.laid.grey, self.laid.target.grey, self.laid.mask)


class _Laid(NamedTuple):
    source: Thumbnail
    target: Thumbnail
    inner: Matrix
    """Positions in `target` -> in `source`."""
    grey: Floats
    """[h, w] the source as it lies on the target."""
    mask: Floats
    """[h, w] 1 where it does."""


def prepared(rgb: npt.NDArray[np.uint8]) -> Thumbnail:
    """Ready to be compared."""
    return Thumbnail(rgb.astype(np.float32), cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY).astype(np.float32))


def brightened(picture: Thumbnail, gain: float) -> Thumbnail:
    """The picture overexposed: levels above white are lost."""
    rgb = np.minimum(picture.rgb * np.float32(gain), 255)
    return Thumbnail(rgb, cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY))


def overlap(source: Thumbnail, target: Thumbnail, to_source: Matrix, steps: int, least: float) -> Overlap | None:
    """Lay `source` (shrunk as needed) on `target` and compare; None if they hardly meet.

    Args:
        source: the one of which a pixel is the smaller part of the scene.
        target: the other.
        to_source: [3, 3] positions in the target's thumbnail -> in the source's.
        steps: of refinement on the pixels; 0 for none.
        least: correlation of the pixels, before any step, below which it is given up.
    """
    small, shrink = _shrunk(source, to_source)
    window, shift = _window(small.grey.shape, target, shrink @ to_source)
    if min(window.grey.shape) < 3 * STRIDE:
        return None
    inner = _refined(small, window, shrink @ to_source @ shift, steps, least)
    if inner is None:
        return None
    mask = covered(small.grey.shape, inner, window.grey.shape)
    if float(mask.sum()) < 16 * STRIDE * STRIDE:
        return None
    found = _cells(small, window, inner, mask, inverse(shrink) @ inner @ inverse(shift))
    return found if int(found.whole.sum()) >= MIN_CELLS else None


def _shrunk(source: Thumbnail, to_source: Matrix) -> tuple[Thumbnail, Matrix]:
    """The source at about the target's resolution, and how its positions change: no aliasing when it is laid."""
    zoom = abs(np.linalg.det(to_source[:2, :2])) ** 0.5
    if zoom <= 1.2:
        return source, np.eye(3)
    height, width = source.grey.shape
    size = max(4, round(width / zoom)), max(4, round(height / zoom))
    rgb = cv2.resize(source.rgb, size, interpolation=cv2.INTER_AREA)
    grey = cv2.resize(source.grey, size, interpolation=cv2.INTER_AREA)
    return Thumbnail(rgb, grey), resizing(source.grey.shape, grey.shape)


def _window(shape: tuple[int, ...], target: Thumbnail, to_source: Matrix) -> tuple[Thumbnail, Matrix]:
    """The part of the target under a source of `shape`, and the map from its positions to the target's."""
    x, y = corners(shape, inverse(to_source))
    left, top = max(0, int(np.floor(x.min())) - 2), max(0, int(np.floor(y.min())) - 2)
    right, bottom = max(0, int(np.ceil(x.max())) + 3), max(0, int(np.ceil(y.max())) + 3)
    shift = np.array([[1.0, 0, left], [0, 1, top], [0, 0, 1]])
    return Thumbnail(target.rgb[top:bottom, left:right], target.grey[top:bottom, left:right]), shift


def corners(shape: tuple[int, ...], matrix: Matrix) -> npt.NDArray[np.float64]:
    """[2, 4] where the corners of a picture of `shape` lie after `matrix`: x and y, clockwise from the top left."""
    height, width = shape[:2]
    ends = np.array([[-0.5, width - 0.5, width - 0.5, -0.5], [-0.5, -0.5, height - 0.5, height - 0.5], [1, 1, 1, 1]])
    laid = matrix @ ends
    return laid[:2] / laid[2]


def _refined(source: Thumbnail, target: Thumbnail, to_source: Matrix, steps: int, least: float) -> Matrix | None:
    """At half the resolution, where steps reach further and cost a quarter; None if there is too little in common."""
    half_source, half_target = _halved(source.grey), _halved(target.grey)
    down, back = resizing(source.grey.shape, half_source.shape), resizing(half_target.shape, target.grey.shape)
    half = down @ to_source @ back
    mask = covered(half_source.shape, half, half_target.shape)
    if least > -1 and _pearson(warped(half_source, half, half_target.shape), half_target, mask) < least:
        return None
    half = refined(half_source, half_target, half, steps)
    inner: Matrix = inverse(down) @ half @ inverse(back)
    return inner


def _pearson(laid: Floats, target: Floats, mask: Floats) -> float:
    """Correlation of the pixels that the two have in common."""
    inside = mask > 0
    if inside.sum() < 4:
        return -1.0
    a, t = laid[inside], target[inside]
    a, t = a - a.mean(), t - t.mean()
    size = float(np.sqrt((a @ a) * (t @ t)))
    return float(a @ t) / size if size > 0 else 0.0


def _halved(grey: Floats) -> Floats:
    height, width = grey.shape
    return cv2.resize(grey, (max(1, width // 2), max(1, height // 2)), interpolation=cv2.INTER_AREA)


def _cells(source: Thumbnail, target: Thumbnail, inner: Matrix, mask: Floats, to_source: Matrix) -> Overlap:
    grey = warped(source.grey, inner, mask.shape)
    mean_s, mean_t = _mean(grey), _mean(target.grey)
    var_s = np.maximum(_mean(grey * grey) - mean_s * mean_s, 0)
    var_t = np.maximum(_mean(target.grey * target.grey) - mean_t * mean_t, 0)
    both = _mean(grey * target.grey) - mean_s * mean_t
    correlation = (both / np.sqrt((var_s + NOISE**2) * (var_t + NOISE**2))).astype(np.float32)
    texture = np.sqrt(var_s), np.sqrt(var_t)
    return Overlap(correlation, texture, _mean(mask) > 0.999, to_source, _Laid(source, target, inner, grey, mask))


def _mean(plane: Floats) -> Floats:
    """[h, w] or [h, w, c] -> means of windows of 2 STRIDE pixels, one every STRIDE."""
    height, width = plane.shape[0] // STRIDE, plane.shape[1] // STRIDE
    blocks = cv2.resize(plane[: height * STRIDE, : width * STRIDE], (width, height), interpolation=cv2.INTER_AREA)
    return (blocks[:-1, :-1] + blocks[1:, :-1] + blocks[:-1, 1:] + blocks[1:, 1:]) / 4
