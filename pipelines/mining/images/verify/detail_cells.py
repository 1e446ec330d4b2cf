"""Cell-by-cell comparison of two aligned grey pictures at the resolution of text: which strokes one shows and the other not.

A cell is a window of 12 x 12 pixels, one every 4. Slow changes of brightness are removed first. Cells may be shifted by a
few pixels, a cell together with those around it, so that a copy that is aligned to within them does not differ from its
original. Each for itself, cells of other words would find a shift at which their strokes meet by chance.
"""

from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]

STRIDE = 4
NOISE = 3.0
"""Grey levels: deviation that recompression leaves in a flat cell."""
AROUND = 9
"""Cells, in both directions, that are shifted together: 44 pixels."""
RIM = 5
"""Pixels along the border of the common part that are not compared: a frame begins there."""
MIN_CELLS = 10
"""Cells that must agree for the contrasts of the two pictures to be compared."""
SAME = 0.7
"""Correlation from which a cell is certainly the same."""


@dataclass(frozen=True)
class DetailCells:
    """[gh, gw] cells of the part that two pictures have in common."""

    correlation: Floats
    """-1 to 1, at the shift that is best for the cells around; near 0 where both are flat."""
    texture: tuple[Floats, Floats]
    """Standard deviation within the cell, of source and of target, in levels of the one with more contrast."""
    ground: Floats
    """Brightness of the target less the source's after one change of light, in levels of the one with more contrast."""
    whole: Mask
    """Whether the whole cell is common."""
    planes: tuple[Floats, Floats]
    """[h, w] the pictures without slow changes of brightness."""

    @cached_property
    def coherence(self) -> Floats:
        """0 to 1, in the picture where it is more; 1: all edges of the cell run in one direction, as at a plain border."""
        more: Floats = np.maximum(*(_coherence(plane) for plane in self.planes))
        return more


def detail_cells(source: Floats, target: Floats, mask: Floats, reach: int) -> DetailCells:
    """Compare a source [h, w] that was warped onto a target [h, w], grey levels.

    Args:
        source: warped.
        target: the other.
        mask: [h, w] 1 where the source covers the target.
        reach: pixels by which a cell may be shifted in each direction.

    Cost: about 0.15 ms for each of (2 reach + 1)**2 shifts at 288 x 216, and 0.6 ms for the rest.
    """
    slow_s, slow_t = _mean(source), _mean(target)
    s, t = _without(source, slow_s), _without(target, slow_t)
    variance = _variance(s), _variance(t)
    whole = _mean(cv2.erode(mask, np.ones((RIM, RIM), np.uint8))) > 0.999
    correlation = _best_correlation(s, t, reach)
    agreeing = whole & (correlation > SAME) & (np.minimum(*variance) > (2 * NOISE) ** 2)
    ratio = float(np.median(np.sqrt(variance[1][agreeing] / variance[0][agreeing]))) if agreeing.sum() >= MIN_CELLS else 1.0
    gains = np.float32(max(ratio, 1)), np.float32(1 / min(ratio, 1))
    texture = np.sqrt(variance[0]) * gains[0], np.sqrt(variance[1]) * gains[1]
    ground = slow_t * gains[1] - slow_s * gains[0]
    ground -= np.median(ground[whole]) if whole.any() else np.float32(0)
    return DetailCells(correlation, texture, ground, whole, (s, t))


def _without(plane: Floats, slow: Floats) -> Floats:
    """The plane [h, w] less its means `slow` [gh, gw], between cells by linear interpolation."""
    rows, columns = slow.shape[0] * STRIDE, slow.shape[1] * STRIDE
    fine = cv2.resize(slow, (columns, rows), interpolation=cv2.INTER_LINEAR)
    height, width = plane.shape
    return plane - cv2.copyMakeBorder(fine, 0, height - rows, 0, width - columns, cv2.BORDER_REPLICATE)


def _best_correlation(s: Floats, t: Floats, reach: int) -> Floats:
    height, width = t.shape
    padded = cv2.copyMakeBorder(s, reach, reach, reach, reach, cv2.BORDER_REPLICATE)
    mean_t, norm_t = _mean(t), _variance(t) + NOISE**2
    correlations = []
    for y in range(2 * reach + 1):
        for x in range(2 * reach + 1):
            shifted = np.ascontiguousarray(padded[y : y + height, x : x + width])
            mean = _mean(shifted)
            norm = np.maximum(_mean(shifted * shifted) - mean * mean, 0) + NOISE**2
            correlations.append((_mean(shifted * t) - mean * mean_t) / np.sqrt(norm * norm_t))
    around = [cv2.blur(correlation, (AROUND, AROUND), borderType=cv2.BORDER_REPLICATE) for correlation in correlations]
    best = np.stack(around).argmax(axis=0)
    at_best: Floats = np.take_along_axis(np.stack(correlations), best[None], axis=0)[0]
    return at_best


def _variance(plane: Floats) -> Floats:
    mean = _mean(plane)
    variance: Floats = np.maximum(_mean(plane * plane) - mean * mean, 0)
    return variance


def _coherence(plane: Floats) -> Floats:
    """Of the structure tensor. Source: Bigun and Granlund 1987."""
    x, y = cv2.Sobel(plane, cv2.CV_32F, 1, 0), cv2.Sobel(plane, cv2.CV_32F, 0, 1)
    xx, yy, xy = _mean(x * x), _mean(y * y), _mean(x * y)
    coherence: Floats = np.sqrt((xx - yy) ** 2 + 4 * xy * xy) / (xx + yy + 1e-3)
    return coherence


def _mean(plane: Floats) -> Floats:
    """[h, w] -> means of windows of 3 STRIDE pixels, one every STRIDE."""
    height, width = plane.shape[0] // STRIDE, plane.shape[1] // STRIDE
    blocks = cv2.resize(plane[: height * STRIDE, : width * STRIDE], (width, height), interpolation=cv2.INTER_AREA)
    return cv2.blur(blocks, (3, 3), borderType=cv2.BORDER_REPLICATE)
