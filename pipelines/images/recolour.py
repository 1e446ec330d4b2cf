"""Whether one thing in two otherwise equal pictures has another colour: a variant of a product, not a copy.

A variant's shape and texture are where they were; only the colour inside one outline is not
what the light of the rest explains. A sticker or a caption changes the colour as well, but it
brings edges of its own and hides those that were there.
"""

import cv2
import numpy as np
import numpy.typing as npt

from pipelines.images.agreement import SAME, TEXTURED
from pipelines.images.overlap import Overlap
from pipelines.images.tone import explained

Floats = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]

CALM = 7.0
"""Levels: median error of the cells up to which the light of the rest is explained at all."""
OTHER_COLOUR = 28.0
"""Levels by which a cell's hue is off, lightness left out, for it to have another colour."""
BLOWN_OUT = 225.0
"""Level of a channel from which pixels of a cell may be clipped, and its hue say nothing."""
MIN_CELLS = 5
MIN_SHARE = 0.004
"""Cells of a region, and its share of the common part, below which it is a speck."""
MIN_EDGES = 4
SAME_EDGES = 0.93
"""Share of the textured cells at the rim of a region whose edges must be where they were, for it to be a variant."""


def recoloured(overlap: Overlap) -> bool:
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
    least = max(MIN_CELLS, MIN_SHARE * float(whole.sum()))
    regions = [k for k in range(1, count) if sizes[k, cv2.CC_STAT_AREA] >= least]
    return any(_keeps_its_edges(labels == k, whole & (texture >= TEXTURED), same) for k in regions)


def _unexplained(overlap: Overlap, comparable: Mask) -> Floats | None:
    """[gh, gw] levels that the best change of light leaves, 0 where cells cannot be compared; None if it leaves too much."""
    x, y = (colour[comparable] for colour in overlap.colour)
    if len(x) < MIN_CELLS:
        return None
    weight = np.ones(len(x), np.float32)
    lights = [(explained(x, y, weight), y), (explained(y, x, weight), x)]
    tone, seen = min(lights, key=lambda light: float(np.minimum(light[0].error, 40).mean()))
    if float(np.median(tone.error)) > CALM:
        return None
    rest = tone.predicted - seen
    grid = np.zeros(comparable.shape, np.float32)
    hue = np.abs(rest - rest.mean(axis=1, keepdims=True)).max(axis=1)
    grid[comparable] = np.where(np.maximum(x, y).max(axis=1) < BLOWN_OUT, hue, 0)
    return grid


def _keeps_its_edges(region: Mask, textured: Mask, same: Mask) -> bool:
    around = cv2.dilate(region.astype(np.uint8), np.ones((3, 3), np.uint8)).astype(bool)
    edges = around & ~region & textured
    return int(edges.sum()) >= MIN_EDGES and float(same[edges].mean()) >= SAME_EDGES
