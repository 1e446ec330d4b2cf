"""Local features: positions of blobs and corners, and descriptors of their surroundings. No engine.

A copy keeps most of them at any position in the other picture, so they find crops, frames
and stretched sides that a hash of the whole picture cannot. They are upright: an edited
copy turns by a few degrees or by a quarter turn, and the latter is an exact permutation of
the descriptor. Hence one match alone gives scale, shift and mirror.

Keypoints are extrema of the difference of Gaussians (`pyramid`). A descriptor is the low
frequencies of the patch's cosine transform, flattened by a power law: cheap (one gather and
one matrix product for all patches), smooth under small shifts, and a mirrored patch has the
same numbers with the odd horizontal ones negated.
"""

from dataclasses import dataclass, replace
from typing import Annotated

import cv2
import numpy as np
import numpy.typing as npt
from pydantic import Field

from pipelines.mining.images.fingerprint.dog_pyramid import FIRST_SIGMA, LEVELS, Octave, extrema, pyramid

Floats = npt.NDArray[np.float32]
Indices = npt.NDArray[np.int64]

PATCH = 16
"""Samples along a patch's side."""
ORDERS = tuple((v, u) for s in range(1, 8) for v in range(s + 1) if (u := s - v) < 8 and v < 8)
"""(vertical, horizontal) order of each of the descriptor's coefficients, low ones first."""
ODD = np.array([False, *(u % 2 == 1 for _, u in ORDERS)])
"""[DIMENSION] the coefficients that a mirror negates; the first one is the blob's own contrast."""
DIMENSION = 1 + len(ORDERS)
EDGES_TOO = 60.0
"""Ratio of principal curvatures that accepts points on edges, for pictures with few others."""
WINDOW = 0.30
"""Standard deviation of a patch's Gaussian window, in patch sides."""
PATCH_SIGMAS = 14.0
"""Side of a patch in units of the keypoint's sigma."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Detection:
    """Settings of `detect`."""

    count: Annotated[int, Field(ge=1, le=10_000)] = 220
    """Features kept of a picture, the strongest of each neighbourhood first."""
    min_contrast: Annotated[float, Field(ge=0, le=255)] = 0.7
    """Contrast of a blob at its scale in grey levels, below which it is noise."""
    max_edge_ratio: Annotated[float, Field(ge=1, le=1000)] = 12.0
    """Largest ratio of principal curvatures: a point on a straight edge slides along it. Source: Lowe 2004, 10."""
    few: Annotated[int, Field(ge=0, le=10_000)] = 40
    """Features below which a picture (a product on white, a piece of wall) is searched again with less demanding tests."""
    octaves: Annotated[int, Field(ge=1, le=10)] = 4
    """Halvings of the picture that are searched."""


@dataclass(frozen=True, slots=True)
class Features:
    """N local features of one picture, the ones to index first."""

    positions: Floats
    """[N, 2] x, y in pixels of the working picture."""
    sigmas: Floats
    """[N] scale, pixels."""
    descriptors: npt.NDArray[np.int8]
    """[N, DIMENSION]"""
    side: tuple[int, int]
    """Width and height of the working picture."""


def detect(grey: npt.NDArray[np.uint8], settings: Detection) -> Features:
    """The features of a grey picture [h, w]; of one with few, points on edges and faint ones as well.

    Cost: O(pixels), 2.7 ms for 288 x 216, half of it `pyramid`.
    Source: Lowe, Distinctive Image Features from Scale-Invariant Keypoints, 2004, sections 3 and 4.
    """
    octaves = pyramid(grey, settings.octaves)
    features = _best_features(octaves, grey.shape[1::-1], settings)
    if len(features.sigmas) >= settings.few:
        return features
    less_demanding = replace(settings, max_edge_ratio=EDGES_TOO, min_contrast=settings.min_contrast / 2)
    return _best_features(octaves, grey.shape[1::-1], less_demanding)


def _best_features(octaves: list[Octave], side: tuple[int, int], settings: Detection) -> Features:
    """The best features of a picture of `side` (width, height)."""
    by_octave = []
    top = 0
    for number, octave in enumerate(octaves):
        peaks = extrema(octave, settings.min_contrast)
        place = np.array([[2.0**number], [top]], np.float32)
        by_octave.append(np.vstack([peaks, np.repeat(place, peaks.shape[1], axis=1)]))
        top += octave.gaussians[0].shape[0]
    points = _refined(np.hstack(by_octave), settings.max_edge_ratio) if by_octave else np.zeros((0, 6), np.float32)
    points = points[_spread(points, *side, settings.count)]
    patches = _patches([octave.gaussians[1] for octave in octaves], points)
    zoom = points[:, 4:5]
    return Features(points[:, :2] * zoom, points[:, 2] * zoom[:, 0], describe(patches), side)


def describe(patches: Floats) -> npt.NDArray[np.int8]:
    """[N, PATCH, PATCH] -> [N, DIMENSION]: flattened low frequencies, unit length times 127 times two."""
    flat = patches.reshape(len(patches), PATCH * PATCH)
    raw = flat @ _BASIS
    length = np.linalg.norm(raw, axis=1, keepdims=True)
    return np.clip(np.rint(raw / np.maximum(length, 1e-6) * 254), -127, 127).astype(np.int8)


def mirrored(descriptors: npt.NDArray[np.int8]) -> npt.NDArray[np.int8]:
    """The descriptors of the same patches seen in a mirror (left and right swapped)."""
    return np.where(ODD, -descriptors, descriptors)


def _refined(peaks: Floats, ratio: float) -> Floats:
    """[n, 6] the extrema that are corners or blobs: x, y, sigma (pixels of the octave), strength, zoom, row in the atlas.

    To a fraction of a pixel and of a scale.

    Args:
        peaks: [16, n] of `extrema`, with zoom and row.
        ratio: largest ratio of principal curvatures.
    """
    x, y, level, finer, coarser, here, left, right, up, down, se, sw, ne, nw, zoom, row = peaks
    xx, yy, xy = left + right - 2 * here, up + down - 2 * here, (se - sw - ne + nw) / 4
    determinant = xx * yy - xy * xy
    corner = (determinant > 0) & ((xx + yy) ** 2 * ratio < (ratio + 1) ** 2 * determinant)
    steps_to = _vertex(np.stack([left, up, finer]), here, np.stack([right, down, coarser]))
    sigma = FIRST_SIGMA * 2 ** ((level + steps_to[2]) / LEVELS)
    points: Floats = np.stack([x + steps_to[0], y + steps_to[1], sigma, np.abs(here), zoom, row], axis=1)
    return points[corner]


def _vertex(before: Floats, at: Floats, after: Floats) -> Floats:
    """Position of the extremum of a parabola through three neighbours, -0.5 to 0.5."""
    curvature = before + after - 2 * at
    safe = np.where(np.abs(curvature) < 1e-6, 1e-6, curvature)
    return np.clip((before - after) / (2 * safe), -0.5, 0.5)


def _spread(points: Floats, width: int, height: int, count: int) -> npt.NDArray[np.int64]:
    """The order of keeping: the strongest of every cell, then the second of every cell, ..."""
    x, y = points[:, 0] * points[:, 4], points[:, 1] * points[:, 4]
    cells = 6
    cell = (np.minimum(x * cells / width, cells - 1)).astype(np.int64) * cells + np.minimum(
        y * cells / height, cells - 1
    ).astype(np.int64)
    by_cell = np.lexsort((-points[:, 3], cell))
    ordered = cell[by_cell]
    starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]]) if len(points) else np.zeros(0, np.int64)
    rank = np.arange(len(points)) - np.repeat(starts, np.diff(np.r_[starts, len(points)]))
    return by_cell[np.lexsort((-points[by_cell, 3], rank // 2))][:count]


def _patches(atlas: list[Floats], points: Floats) -> Floats:
    """[n, PATCH, PATCH] grey levels around the points, each from its own octave."""
    if not len(points):
        return np.zeros((0, PATCH, PATCH), np.float32)
    wide = max(level.shape[1] for level in atlas)
    stacked = np.vstack([cv2.copyMakeBorder(a, 0, 0, 0, wide - a.shape[1], cv2.BORDER_REPLICATE) for a in atlas])
    steps = (np.arange(PATCH, dtype=np.float32) - (PATCH - 1) / 2) / PATCH
    reach = points[:, 2:3] * PATCH_SIGMAS * steps
    # A patch that leaves its picture repeats the edge: it must not see its neighbour in the atlas.
    zoom = points[:, 4].astype(np.int64)
    sizes = {2**k: a.shape for k, a in enumerate(atlas)}
    limits = np.array([sizes[z] for z in zoom.tolist()], np.float32)
    xs = np.clip(points[:, 0:1] + reach, 0, limits[:, 1:2] - 1)
    ys = np.clip(points[:, 1:2] + reach, 0, limits[:, 0:1] - 1) + points[:, 5:6]
    map_x = np.repeat(xs[:, None, :], PATCH, axis=1).reshape(-1, PATCH)
    map_y = np.repeat(ys[:, :, None], PATCH, axis=2).reshape(-1, PATCH)
    return cv2.remap(stacked, map_x, map_y, cv2.INTER_LINEAR).reshape(-1, PATCH, PATCH)


def _basis() -> Floats:
    """[PATCH**2, DIMENSION]: window, cosine transform and power-law weights in one matrix.

    Cosines under a window overlap, and bits of overlapping coefficients say the same thing
    twice: they are made orthogonal. The constant goes first and is left out; then the blob
    that every keypoint has, or else all orders even in both directions repeat its sign.
    """
    t = (np.arange(PATCH) + 0.5) / PATCH
    cosines = np.array([np.cos(np.pi * k * t) for k in range(8)])
    window = np.exp(-((t - 0.5) ** 2) / (2 * WINDOW**2))
    weights = np.outer(window, window).ravel()
    radius = (((t[:, None] - 0.5) ** 2 + (t - 0.5) ** 2) * PATCH_SIGMAS**2).ravel()
    blob = np.exp(-radius / 2) - np.exp(-radius / 4) / 2
    planes = [weights, blob, *(np.outer(cosines[v], cosines[u]).ravel() * weights for v, u in ORDERS)]
    orthogonal, triangle = np.linalg.qr(np.stack(planes, axis=1))
    orthogonal = (orthogonal * np.sign(np.diag(triangle)))[:, 1:]
    flattening = np.array([2.0, *((v * v + u * u) ** 0.5 for v, u in ORDERS)])
    return (orthogonal * weights[:, None] * flattening).astype(np.float32)


_BASIS = _basis()
