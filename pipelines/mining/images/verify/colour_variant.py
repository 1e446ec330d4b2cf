"""Colour variants: one thing in two otherwise equal pictures has another colour, so that they are no copies.

A variant keeps shape and texture; only the colour inside one outline is not explained by the light
of the rest. A sticker or a caption changes the colour as well, but it adds edges of its own and
hides others.
"""

import cv2
import numpy as np
import numpy.typing as npt

from pipelines.mining.images.verify.aligned_cells import CellOverlap
from pipelines.mining.images.verify.channel_stats import largest, median
from pipelines.mining.images.verify.similarity import SAME, TEXTURED
from pipelines.mining.images.verify.tone_model import explained

Floats = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]

MAX_MEDIAN_ERROR = 7.0
"""Levels: largest median error of the cells with which the light of the rest counts as explained."""
OTHER_COLOUR = 28.0
"""Levels by which a cell's hue must differ, lightness left out, to be another colour."""
BLOWN_OUT = 225.0
"""Level of a channel from which pixels of a cell may be clipped and its hue is unreliable."""
MIN_CELLS = 7
MIN_SHARE = 0.004
"""Cells of a region, and its share of the common part, below which it is ignored."""
MIN_EDGES = 4
SAME_RIM = 0.8
SAME_AROUND = 0.8
"""Share of the textured cells at a region's rim, and up to two cells around it, that must have the same edges."""


def is_colour_variant(overlap: CellOverlap) -> bool:
    """Whether a region keeps its structure and has another colour while the rest agrees.

    Cost: O(cells), about 3 ms; for pairs that are otherwise accepted.
    """
    whole = overlap.whole
    texture = np.maximum(*overlap.texture)
    same = (np.abs(overlap.correlation) > SAME) & (texture >= TEXTURED)
    error = _unexplained(overlap, whole & (same | (texture < TEXTURED)))
    if error is None:
        return False
    count, labels, sizes, _ = cv2.connectedComponentsWithStats((error > OTHER_COLOUR).astype(np.uint8), connectivity=4)
    min_cells = max(MIN_CELLS, MIN_SHARE * float(whole.sum()))
    regions = [k for k in range(1, count) if sizes[k, cv2.CC_STAT_AREA] >= min_cells]
    return any(_keeps_its_edges(labels == k, whole & (texture >= TEXTURED), same) for k in regions)


def _unexplained(overlap: CellOverlap, comparable: Mask) -> Floats | None:
    """[gh, gw] levels that the best change of light leaves unexplained, 0 where cells cannot be compared.

    None if it leaves too much, or if no cell has another hue.
    """
    x, y = (colour[comparable] for colour in overlap.colour)
    if len(x) < MIN_CELLS or int((_hue(x - y) > OTHER_COLOUR).sum()) < MIN_CELLS:
        return None
    weight = np.ones(len(x), np.float32)
    lights = [(explained(x, y, weight), y), (explained(y, x, weight), x)]
    tone, seen = min(lights, key=lambda light: float(np.minimum(light[0].error, 40).mean()))
    if float(median(tone.error)) > MAX_MEDIAN_ERROR:
        return None
    grid = np.zeros(comparable.shape, np.float32)
    grid[comparable] = np.where(largest(np.maximum(x, y)) < BLOWN_OUT, _hue(tone.predicted - seen), 0)
    return grid


def _hue(difference: Floats) -> Floats:
    """[n] the largest of three channels' differences [n, 3], lightness left out."""
    return largest(np.abs(difference - difference.mean(axis=1, keepdims=True)))


def _keeps_its_edges(region: Mask, textured: Mask, same: Mask) -> bool:
    for width, share in ((1, SAME_RIM), (2, SAME_AROUND)):
        around = cv2.dilate(region.astype(np.uint8), np.ones((3, 3), np.uint8), iterations=width).astype(bool)
        edges = around & ~region & textured
        if int(edges.sum()) < MIN_EDGES or float(same[edges].mean()) < share:
            return False
    return True
