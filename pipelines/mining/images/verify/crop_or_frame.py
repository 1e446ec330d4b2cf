"""Placement of one picture in another, and whether its surroundings are a frame or more of the scene."""

from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from pipelines.mining.images.verify.aligned_cells import corners
from pipelines.mining.images.verify.channel_stats import largest, median
from pipelines.mining.images.verify.surroundings import Surroundings, surroundings
from pipelines.mining.images.verify.warp_refinement import Matrix, inverse

Floats = npt.NDArray[np.float32]

EDGE = 12.0
"""Difference of two neighbouring pixels, in levels, from which there is an edge between them."""


class Region(NamedTuple):
    """A box in fractions of a picture, origin at the top left."""

    x0: float
    y0: float
    x1: float
    y1: float


class Placement(NamedTuple):
    """The placement of the source on the target."""

    region: Region
    """The box around the source, in fractions of the target."""
    source_covered: float
    """Share of the source's area that is on the target."""
    target_covered: float
    """Share of the target's area that the source covers."""


def placement(source: tuple[int, ...], target: tuple[int, ...], to_source: Matrix) -> Placement:
    """The placement of a source of shape `source` on a target of shape `target`."""
    x, y = corners(source, inverse(to_source))
    height, width = target[:2]
    outline = np.stack([x, y], axis=1).astype(np.float32)
    frame = np.array([[-0.5, -0.5], [width - 0.5, -0.5], [width - 0.5, height - 0.5], [-0.5, height - 0.5]], np.float32)
    common = float(cv2.intersectConvexConvex(outline, frame)[0]) if cv2.isContourConvex(outline) else 0.0
    area = max(abs(float(cv2.contourArea(outline))), 1e-6)
    box = np.clip([(x.min() + 0.5) / width, (y.min() + 0.5) / height, (x.max() + 0.5) / width, (y.max() + 0.5) / height], 0, 1)
    return Placement(Region(*box.tolist()), min(1.0, common / area), min(1.0, common / (width * height)))


def is_framed(rgb: Floats, region: Region, covered: float) -> bool:
    """Whether a plain or sharply cut frame surrounds the region: then the picture in it is whole.

    A frame is plain, or ends in a straight edge all along the region, where the pixels across
    the border differ more than pixels as far apart within. A plain surrounding without an edge
    (a product on white) is more of the scene, unless it is as wide on all sides or two bars;
    with other things in it (a screenshot's words), unless the region is in its middle with
    plain ground all around it. Other pictures around it are no frame: it is a cell of a collage.
    """
    around = surroundings(rgb, region)
    two_bars = max(region.x1 - region.x0, region.y1 - region.y0) > 0.97
    if around.plain > 0.95 and (two_bars or _is_even(rgb.shape, region)):
        return True
    if two_bars and around.is_blurred:
        return True
    if around.shows_pictures:
        return False
    if 0.5 < around.plain < 0.95 and covered < 0.75 and _is_isolated(rgb, region):
        return True
    steps = _steps(rgb, region)
    if not steps:
        return False
    return _ends_in_an_edge(steps, around, two_bars=two_bars)


def _ends_in_an_edge(steps: Sequence[tuple[float, float]], around: Surroundings, *, two_bars: bool) -> bool:
    """Whether the surroundings end in a straight edge; the plainer they are, the less of one is asked for.

    Source of the numbers: measured on frames, collages and crops, dev/log.md.
    """
    sharpness = float(np.mean([ratio for _, ratio in steps]))
    along = [share for share, _ in steps]
    most, least = float(np.median(along)), min(along)
    if two_bars and around.plain > 0.55 and around.colourful < 0.1:  # words above and below
        return sharpness > 1.1 and most > 0.5
    paper = around.colourful < 0.12 and around.flat > 0.36 and len(steps) == 4 and least > 0.1
    if (around.plain > 0.7 or paper) and sharpness > 1.5 and most > (0.5 if around.plain > 0.95 else 0.7):
        return True
    if around.plain > 0.5:
        return sharpness > (1.5 if len(steps) == 4 else 2.0) and least > 0.75
    return sharpness > 2.0 and least > 0.85


def _is_isolated(rgb: Floats, region: Region) -> bool:
    """Whether the region is centred from left to right and nothing crosses its border: one plain ground on both sides of it."""
    height, width = rgb.shape[:2]
    left, right = region.x0 * width, (1 - region.x1) * width
    if abs(left - right) > 0.02 * width + 1 or min(left, right) < 2:
        return False
    x0, x1, y0, y1 = round(left), round(region.x1 * width), round(region.y0 * height), round(region.y1 * height)
    rims = [rgb[max(0, y0 - k) : y1 + k, max(0, x0 - k) : x1 + k] for k in (2, -2)]
    edges = np.concatenate([side for r in rims for side in (r[0], r[-1], r[:, 0], r[:, -1])])
    return float((largest(np.abs(edges - median(edges))) < EDGE).mean()) > 0.97


def _is_even(shape: tuple[int, ...], region: Region) -> bool:
    """Whether the margin is about as wide on all four sides."""
    height, width = shape[:2]
    margins = region.x0 * width, (1 - region.x1) * width, region.y0 * height, (1 - region.y1) * height
    return max(margins) - min(margins) < max(3.2, 0.2 * sum(margins) / 4) and min(margins) > 2


def _steps(rgb: Floats, region: Region) -> list[tuple[float, float]]:
    """For every side with a margin: the share of it with an edge, and how much sharper it is there than inside."""
    height, width = rgb.shape[:2]
    left, right = round(region.x0 * width), round(region.x1 * width)
    top, bottom = round(region.y0 * height), round(region.y1 * height)
    inside = rgb[max(top, 0) : bottom], rgb[:, max(left, 0) : right]
    sides = (
        (inside[0].swapaxes(0, 1), left, 1), (inside[0].swapaxes(0, 1), right - 1, -1),
        (inside[1], top, 1), (inside[1], bottom - 1, -1),
    )  # fmt: skip
    steps = []
    for lines, border, inwards in sides:
        places = [border - 3 * inwards, border + 2 * inwards, border + 7 * inwards]
        if min(places) < 0 or max(places) >= len(lines):
            continue
        out, near, far = (lines[place] for place in places)
        across, within = largest(np.abs(near - out)), largest(np.abs(near - far))
        steps.append((float((across > EDGE).mean()), float(across.mean() / (within.mean() + 3))))
    return steps
