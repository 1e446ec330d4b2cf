"""Pixels of an item's pictures before a model sees them: a crop cut out, a large picture made smaller. No torch."""

from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt

from schemas.region import pixel_box

Pixels = npt.NDArray[np.uint8]
"""RGB [height, width, 3]."""


def crop(pixels: Pixels, region: Sequence[float]) -> Pixels | None:
    """Cut a region out of a picture: a view of at least one pixel each way, None where the region has no area.

    Args:
        pixels: the whole picture.
        region: x0, y0, x1, y1 as fractions of width and height.
    """
    height, width = pixels.shape[:2]
    box = pixel_box(region, width, height)
    return None if box is None else pixels[box.top : box.bottom, box.left : box.right]


def shrink_to_area(pixels: Pixels, max_pixels: float) -> Pixels:
    """Scale a picture down to at most `max_pixels` pixels at the same aspect ratio; a smaller one is returned as it is."""
    height, width = pixels.shape[:2]
    factor = (max_pixels / (height * width)) ** 0.5
    if factor >= 1:
        return pixels
    size = (max(int(width * factor), 1), max(int(height * factor), 1))
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)
