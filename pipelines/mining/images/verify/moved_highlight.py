"""Two screenshots of one window in which another button, row or tool is highlighted. Such pictures are no copies.

A highlight changes the ground under a thing and keeps the thing. When it has moved, one place is lighter than in the other
picture and another place darker, by as much and on as large an area, while all else is the same. A sticker hides.
"""

from typing import NamedTuple

import cv2
import numpy as np

from pipelines.mining.images.verify.detail_cells import SAME, DetailCells

OTHER_GROUND = 16.0
"""Levels of brightness by which a highlight differs from the ground."""
SAME_GROUND = 4.0
"""Levels within which the ground is the same."""
MIN_CALM = 0.85
"""Share of the cells with the same ground, from which all else is the same."""
MIN_CELLS = 15
"""Cells of a highlight."""
MIN_KEPT = 5
"""Cells of it in which both pictures show the same thing."""
SHOWN = 8.0
"""Grey levels of deviation from which a cell shows something."""
MAX_AREAS, MAX_LEVELS = 1.15, 1.25
"""Ratios of the areas and of the changes of the two places. Source: measured, dev/log.md."""


class Place(NamedTuple):
    """A region with another ground."""

    cells: int
    change: float
    """Median levels by which the target is brighter than the source."""


def is_moved_highlight(cells: DetailCells) -> bool:
    """Whether two places have swapped their grounds, and nothing else has changed.

    Cost: 0.05 ms where no place has another ground, else 0.3 ms.
    """
    other = cells.whole & (np.abs(cells.ground) > OTHER_GROUND)
    if int(other.sum()) < 2 * MIN_CELLS or float((np.abs(cells.ground[cells.whole]) < SAME_GROUND).mean()) < MIN_CALM:
        return False
    places = _places(cells, other)
    return any(_have_swapped(a, b) for k, a in enumerate(places) for b in places[:k])


def _places(cells: DetailCells, other: np.ndarray[tuple[int, int], np.dtype[np.bool_]]) -> list[Place]:
    count, labels, sizes, _ = cv2.connectedComponentsWithStats(other.astype(np.uint8), connectivity=8)
    kept = (cells.correlation > SAME) & (np.minimum(*cells.texture) > SHOWN)
    large = [k for k in range(1, count) if sizes[k, cv2.CC_STAT_AREA] >= MIN_CELLS]
    return [
        Place(int(sizes[k, cv2.CC_STAT_AREA]), float(np.median(cells.ground[labels == k])))
        for k in large
        if int((kept & (labels == k)).sum()) >= MIN_KEPT
    ]


def _have_swapped(a: Place, b: Place) -> bool:
    changes = sorted((abs(a.change), abs(b.change)))
    areas = sorted((a.cells, b.cells))
    return a.change * b.change < 0 and areas[1] <= MAX_AREAS * areas[0] and changes[1] <= MAX_LEVELS * changes[0]
