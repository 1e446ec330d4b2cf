"""Whether two pictures are copies, or one is cut out of the other, judged on their pixels.

A hypothesis says how one picture might lie on the other: by local features, or whole on whole
in one of the eight turns. It is refined on the thumbnails, and what then lies on top of each
other is compared in structure and in colour. The fewer features agree, the more the pixels must.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from pipelines.images.agreement import Agreement, agreement
from pipelines.images.alignment import Matching, align
from pipelines.images.features import Features
from pipelines.images.hashes import TURNS, hamming
from pipelines.images.overlap import Overlap, Thumbnail, overlap, prepared
from pipelines.images.packing import unpack
from pipelines.images.region import Placement, Region, is_framed, placement
from pipelines.images.warp import resizing

Relation = Literal["copy", "framed_a", "framed_b", "crop_a", "crop_b", "none"]
"""framed_a: a lies whole in b, in a frame. crop_a: a is cut out of b. framed_b and crop_b: the other way round."""
Matrix = npt.NDArray[np.float64]
HASH_BYTES = 32


class Demand(NamedTuple):
    """What the pixels must show when at least `inliers` features agree (fields as in `Agreement`)."""

    inliers: int
    lower: float
    higher: float
    structure: float
    colour_error: float
    """Largest sum of the colour error and `per_change` times the change of light, levels."""
    per_change: float


DEMANDS = (
    Demand(25, 0.45, 0.60, 0.40, 25.0, 0.00),
    Demand(12, 0.55, 0.75, 0.60, 16.0, 0.05),
    Demand(8, 0.70, 0.85, 0.70, 12.0, 0.10),
    Demand(5, 0.70, 0.90, 0.75, 10.0, 0.15),
    Demand(3, 0.85, 0.95, 0.85, 8.0, 0.20),
    Demand(0, 0.80, 0.95, 0.80, 8.0, 0.15),
)
"""Source: measured on the benchmark, docs/log.md; the last is for whole pictures laid on each other."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """Settings of `verify`."""

    min_inliers: int = 3
    """Matches that must agree on a map for it to be tried on the pixels."""
    enough_inliers: int = 10
    """From so many on, the whole-on-whole hypothesis is not tried as well."""
    max_hamming: int = 90
    """Whole on whole is tried if the PDQ hashes in the best turn differ in at most so many of 256 bits."""
    steps: int = 4
    """Gauss-Newton steps that finish the alignment."""
    whole: float = 0.82
    """Share of both pictures that must be common for them to be copies."""
    inside: float = 0.88
    """Share of a picture that must lie in the other to be a crop of it, or framed by it."""
    min_region: float = 0.08
    """Smallest share of a picture that a crop of it may show: below it, what is shared is a logo."""


@dataclass(frozen=True, slots=True)
class Picture:
    """What is kept of a picture to verify it: no original is read again."""

    features: Features
    thumbnail: Thumbnail
    pdq: tuple[bytes, ...]
    """Its eight hashes, in the order of `hashes.TURNS`."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was found, and the numbers behind it."""

    relation: Relation
    region: Region | None
    """Where in the larger picture the smaller one lies, of a crop or a framed copy."""
    mirrored: bool
    inliers: int
    pixel_correlation: float
    """Of the common pixels, -1 to 1."""
    hamming: int
    """Between the PDQ hashes, in the best of the eight turns."""
    score: float
    """0 to 1: mean correlation of structure, less what the colours leave unexplained."""


class _Found(NamedTuple):
    """A hypothesis that was tried."""

    swapped: bool
    """Whether a is the target and b the source."""
    common: Overlap
    agreement: Agreement
    placement: Placement
    inliers: int
    mirrored: bool


def verify(a: Picture, b: Picture, matching: Matching, settings: Verification) -> Verdict:
    """Compare two pictures. Swapping them swaps the verdict.

    Cost: 0.3 ms where features do not agree, else about 2 ms a hypothesis.
    """
    distances = [hamming(turned, b.pdq[0]) for turned in a.pdq]
    turn = int(np.argmin(distances))
    nothing = Verdict("none", None, mirrored=False, inliers=0, pixel_correlation=0.0, hamming=distances[turn], score=0.0)
    best: _Found | None = None
    for to_b, inliers, mirrored in _hypotheses(a, b, turn, distances[turn], matching, settings):
        found = _tried(a, b, to_b, inliers, mirrored, settings)
        if found is not None and (best is None or found.agreement.structure > best.agreement.structure):
            best = found
    if best is None:
        return nothing
    relation, region = _judged(a, b, best, settings)
    return Verdict(
        relation, region, best.mirrored, best.inliers, round(best.common.pearson, 6), distances[turn],
        0.0 if relation == "none" else _score(best.agreement),
    )  # fmt: skip


def restored(features: bytes, thumbnail: bytes, turns: bytes) -> Picture:
    """A picture from what is stored of it: packed features, JPEG, its PDQ hashes end to end."""
    bgr = cv2.imdecode(np.frombuffer(thumbnail, np.uint8), cv2.IMREAD_COLOR)
    rgb = cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB).astype(np.uint8, copy=False)
    hashes = tuple(turns[k : k + HASH_BYTES] for k in range(0, len(TURNS) * HASH_BYTES, HASH_BYTES))
    return Picture(unpack(features), prepared(rgb), hashes)


def _score(agreed: Agreement) -> float:
    return round(max(0.0, agreed.structure) * (1 - min(1.0, agreed.colour_error / 50)), 6)


def _hypotheses(
    a: Picture, b: Picture, turn: int, distance: int, matching: Matching, settings: Verification
) -> Iterator[tuple[Matrix, int, bool]]:
    """Maps of a's thumbnail onto b's, each with the features that agree with it and whether it mirrors."""
    aligned = align(a.features, b.features, matching)
    inliers = 0 if aligned is None else aligned.inliers
    if aligned is not None and inliers >= settings.min_inliers:
        shape_a, shape_b = a.thumbnail.grey.shape, b.thumbnail.grey.shape
        down = resizing(a.features.side[::-1], shape_a), resizing(b.features.side[::-1], shape_b)
        affine = np.vstack([aligned.matrix[:2], [0.0, 0.0, 1.0]])
        yield down[1] @ affine @ np.linalg.inv(down[0]), inliers, aligned.mirrored
    if inliers < settings.enough_inliers and distance <= settings.max_hamming:
        whole = _whole_on_whole(a.thumbnail, b.thumbnail, turn)
        yield whole, 0, bool(np.linalg.det(whole[:2, :2]) < 0)


def _whole_on_whole(a: Thumbnail, b: Thumbnail, turn: int) -> Matrix:
    """The map that stretches a, turned, to cover b."""
    (height_a, width_a), (height_b, width_b) = a.grey.shape, b.grey.shape
    unit = np.array([[1 / width_a, 0, 0.5 / width_a], [0, 1 / height_a, 0.5 / height_a], [0, 0, 1]])
    out = np.array([[width_b, 0, -0.5], [0, height_b, -0.5], [0, 0, 1]])
    return out @ TURNS[turn] @ unit


def _tried(a: Picture, b: Picture, to_b: Matrix, inliers: int, mirrored: bool, settings: Verification) -> _Found | None:
    """Lay the pictures on each other, the finer one on the coarser one."""
    swapped = abs(float(np.linalg.det(to_b[:2, :2]))) > 1
    source, target = (b, a) if swapped else (a, b)
    to_source = to_b if swapped else np.linalg.inv(to_b)
    common = overlap(source.thumbnail, target.thumbnail, to_source, settings.steps)
    agreed = None if common is None else agreement(common)
    if common is None or agreed is None:
        return None
    where = placement(source.thumbnail.grey.shape, target.thumbnail.grey.shape, common.to_source)
    return _Found(swapped, common, agreed, where, inliers, mirrored)


def _judged(a: Picture, b: Picture, found: _Found, settings: Verification) -> tuple[Relation, Region | None]:
    where = found.placement
    if not _convincing(found.agreement, found.inliers):
        return "none", None
    if min(where.source_covered, where.target_covered) >= settings.whole:
        return "copy", None
    if where.source_covered < settings.inside or where.target_covered < settings.min_region:
        return "none", None
    target = a if found.swapped else b
    if is_framed(target.thumbnail.rgb, where.region, where.target_covered):
        return ("framed_b" if found.swapped else "framed_a"), where.region
    return ("crop_b" if found.swapped else "crop_a"), where.region


def _convincing(agreed: Agreement, inliers: int) -> bool:
    """Whether the pixels show what they must, given how many features agree."""
    demand = next(d for d in DEMANDS if inliers >= d.inliers)
    structure = agreed.lower >= demand.lower and agreed.higher >= demand.higher and agreed.structure >= demand.structure
    colour = agreed.colour_error + demand.per_change * agreed.light_change < demand.colour_error
    return (structure and colour) or _hidden_in_part(agreed, inliers)


def _hidden_in_part(agreed: Agreement, inliers: int) -> bool:
    """A sticker or a caption on an unchanged picture: all that is not hidden is the very same."""
    features = inliers >= 5
    structure = agreed.higher >= 0.7 and agreed.lower >= 0.2 and agreed.seen > 0.8
    return features and structure and agreed.colour_error + agreed.light_change < 6
