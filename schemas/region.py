"""A region of a picture as a box of whole pixels: the one rule by which encoders and the trainer cut a crop out."""

from collections.abc import Sequence
from typing import NamedTuple

SIDES = ("x0", "y0", "x1", "y1")
"""Fields of schemas.item.REGION, in the order that `pixel_box` takes them."""


class PixelBox(NamedTuple):
    """Pixels [top:bottom, left:right] of a picture; at least one each way."""

    left: int
    top: int
    right: int
    bottom: int


def pixel_box(region: Sequence[float], width: int, height: int) -> PixelBox | None:
    """Round a region to pixels; None where it has no area within the picture.

    A region that is thinner than a pixel becomes one pixel wide.

    Args:
        region: x0, y0, x1, y1 as fractions of width and height; the part outside the picture is ignored.
        width: of the picture in pixels, at least 1.
        height: likewise.

    >>> pixel_box((0.25, 0.5, 0.75, 1.5), 20, 10)
    PixelBox(left=5, top=5, right=15, bottom=10)
    """
    x0, y0, x1, y1 = (min(max(float(v), 0.0), 1.0) for v in region)
    if not (x1 > x0 and y1 > y0):
        return None
    left, top = min(round(x0 * width), width - 1), min(round(y0 * height), height - 1)
    return PixelBox(left, top, max(round(x1 * width), left + 1), max(round(y1 * height), top + 1))
