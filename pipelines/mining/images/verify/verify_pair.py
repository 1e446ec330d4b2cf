"""Whether two pictures are copies, or one is cut out of the other, judged on their pixels.

A hypothesis says how one picture might lie on the other. It is refined on the thumbnails, and
what then lies on top of each other is compared in structure and in colour. The fewer features
agree, the more the pixels must.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Literal, NamedTuple

import cv2
import numpy as np
from pydantic import Field

from pipelines.mining.images.verify.aligned_cells import Overlap, Thumbnail, overlap, prepared
from pipelines.mining.images.verify.colour_variant import recoloured
from pipelines.mining.images.verify.crop_or_frame import Placement, Region, is_framed, placement
from pipelines.mining.images.verify.feature_alignment import Matching
from pipelines.mining.images.verify.overexposure import exposed_alike
from pipelines.mining.images.verify.similarity import Light, Structure, light, mean_structure, structure
from pipelines.mining.images.verify.thresholds import is_explained, is_similar
from pipelines.mining.images.verify.transform_hypotheses import ENOUGH_INLIERS, Hypothesis, Sketch, fractions, hypotheses
from pipelines.mining.images.verify.warp_refinement import Matrix, inverse

Relation = Literal["copy", "framed_a", "framed_b", "crop_a", "crop_b", "none"]
"""framed_a: a lies whole in b, in a frame. crop_a: a is cut out of b. framed_b and crop_b: the other way round."""
OTHER_WAY_ROUND: dict[Relation, Relation] = {
    "copy": "copy", "framed_a": "framed_b", "framed_b": "framed_a", "crop_a": "crop_b", "crop_b": "crop_a", "none": "none",
}  # fmt: skip
MOST_EXPOSURE_ERROR = 16.0
"""Mean levels of what is not white that overexposure may leave unexplained where features agree."""
BLIND_EXPOSURE_ERROR = 14.0
"""The same where one picture is laid on the other whole, before it is refined."""
FEW_INLIERS = 5
CERTAIN_INLIERS = 25
"""From so many on, only the colours are left to judge."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """Settings of `verify`."""

    min_pearson: Annotated[float, Field(ge=-1, le=1)] = 0.2
    """Correlation of the common pixels, before any refinement, below which a map with fewer than 10 inliers is given up."""
    min_pearson_few: Annotated[float, Field(ge=-1, le=1)] = 0.6
    """The same with fewer than 5. Source: dev/log.md: of true maps none is below 0.63, of false ones three quarters."""
    min_structure: Annotated[float, Field(ge=-1, le=1)] = 0.3
    """Mean correlation of structure after `steps` steps, below which a map with fewer than 10 inliers is given up."""
    min_structure_few: Annotated[float, Field(ge=-1, le=1)] = 0.5
    """The same with fewer than 5. Source: dev/log.md: of true maps none is below 0.4 and 0.66, of false ones 63 and 86 %."""
    overexposed: Annotated[float, Field(ge=0, le=1)] = 0.8
    """If the picture with less texture shares at least so much of it, the other is compared overexposed as well."""
    steps: Annotated[int, Field(ge=1, le=100)] = 4
    """Gauss-Newton steps that finish the alignment; three times as many where fewer than 10 features agree."""
    whole: Annotated[float, Field(ge=0, le=1)] = 0.82
    """Share of both pictures that must be common for them to be copies."""
    inside: Annotated[float, Field(ge=0, le=1)] = 0.88
    """Share of a picture that must lie in the other to be a crop of it, or framed by it."""
    min_region: Annotated[float, Field(ge=0, le=1)] = 0.08
    """Smallest share of a picture that a crop of it may show: below it, what is shared is a logo."""


@dataclass(frozen=True, slots=True)
class Picture:
    """What is kept of a picture to verify it: no original is read again."""

    sketch: Sketch
    thumbnail: bytes
    """JPEG; decoded only if there is something to look at."""


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
    target: Thumbnail
    pearson: float
    structure: Structure
    light: Light
    placement: Placement
    inliers: int
    mirrored: bool


def verify(a: Picture, b: Picture, matching: Matching, settings: Verification) -> Verdict:
    """Compare two pictures. Swapping them swaps the verdict.

    Cost: 0.2 ms where features do not agree, else about 2 ms a hypothesis.
    """
    if (b.sketch.turns, b.thumbnail) < (a.sketch.turns, a.thumbnail):
        # Votes, turns and refinement are not quite the same from the other side.
        turned = verify(b, a, matching, settings)
        return replace(turned, relation=OTHER_WAY_ROUND[turned.relation])
    distance, found = hypotheses(a.sketch, b.sketch, matching)
    if not found:
        return _nothing(distance)
    return judged(expanded(a.thumbnail), expanded(b.thumbnail), found, distance, settings)


def judged(a: Thumbnail, b: Thumbnail, maps: Sequence[Hypothesis], hamming: int, settings: Verification) -> Verdict:
    """Try each of the maps of `a` onto `b`; the one with the best structure is judged."""
    tried = [_tried(a, b, hypothesis, settings) for hypothesis in maps]
    best = max((found for found in tried if found), key=lambda found: found.structure.mean, default=None)
    if best is None:
        return _nothing(hamming)
    relation, region = _judged(best, settings)
    score = max(0.0, best.structure.mean) * (1 - min(1.0, best.light.unexplained / 50))
    return Verdict(
        relation, region, best.mirrored, best.inliers, round(best.pearson, 6), hamming,
        0.0 if relation == "none" else round(score, 6),
    )  # fmt: skip


def _nothing(hamming: int) -> Verdict:
    return Verdict("none", None, mirrored=False, inliers=0, pixel_correlation=0.0, hamming=hamming, score=0.0)


def expanded(jpeg: bytes) -> Thumbnail:
    """A stored thumbnail, ready to be compared."""
    bgr = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    return prepared(np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB), np.uint8))


def _tried(a: Thumbnail, b: Thumbnail, hypothesis: Hypothesis, settings: Verification) -> _Found | None:
    """Lay the finer picture on the coarser one; None where the structure already says no."""
    inliers = hypothesis.inliers
    sizes = fractions(a.grey.shape[1::-1]), fractions(b.grey.shape[1::-1])
    to_b = inverse(sizes[1]) @ hypothesis.to_b @ sizes[0]
    swapped = abs(float(np.linalg.det(to_b[:2, :2]))) > 1
    source, target = (b, a) if swapped else (a, b)
    to_source = to_b if swapped else inverse(to_b)
    if inliers == 0:
        source, target = exposed_alike(source, target, overlap(source, target, to_source, 0, -1.0), BLIND_EXPOSURE_ERROR)
    common = _laid(source, target, to_source, inliers, settings)
    if common is None:
        return None
    agreed, seen = _compared(common, inliers)
    if agreed.higher >= settings.overexposed and not is_explained(agreed, seen, inliers):
        exposed = overlap(*exposed_alike(source, target, common, MOST_EXPOSURE_ERROR), common.to_source, 0, -1.0)
        if exposed is not None:
            common = exposed
            agreed, seen = _compared(common, inliers)
    if seen is None:
        return None
    if is_explained(agreed, seen, inliers) and recoloured(common):
        return None
    where = placement(source.grey.shape, target.grey.shape, common.to_source)
    return _Found(swapped, target, common.pearson, agreed, seen, where, inliers, hypothesis.mirrored)


def _laid(source: Thumbnail, target: Thumbnail, to_source: Matrix, inliers: int, settings: Verification) -> Overlap | None:
    """The source on the target, refined; None where few features agree and the pixels promise nothing."""
    if inliers >= ENOUGH_INLIERS:
        return overlap(source, target, to_source, settings.steps, -1.0)
    few = inliers < FEW_INLIERS
    common = overlap(source, target, to_source, settings.steps, settings.min_pearson_few if few else settings.min_pearson)
    if common is None or mean_structure(common) < (settings.min_structure_few if few else settings.min_structure):
        return None
    return overlap(source, target, common.to_source, 2 * settings.steps, -1.0)


def _compared(common: Overlap, inliers: int) -> tuple[Structure, Light | None]:
    """Structure, and the light where the structure leaves it open."""
    agreed = structure(common)
    similar = is_similar(agreed, inliers)
    return agreed, light(common, may_be_shaded=inliers >= CERTAIN_INLIERS) if similar else None


def _judged(found: _Found, settings: Verification) -> tuple[Relation, Region | None]:
    where = found.placement
    if not is_explained(found.structure, found.light, found.inliers):
        return "none", None
    if min(where.source_covered, where.target_covered) >= settings.whole:
        return "copy", None
    if where.source_covered < settings.inside or where.target_covered < settings.min_region:
        return "none", None
    if is_framed(found.target.rgb, where.region, where.target_covered):
        return ("framed_b" if found.swapped else "framed_a"), where.region
    return ("crop_b" if found.swapped else "crop_a"), where.region
