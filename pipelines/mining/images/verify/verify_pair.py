"""Verifies a candidate pair on its pixels: whether two pictures are copies, or one is cut out of the other.

A hypothesis maps one picture onto the other. It is refined on the thumbnails, and the pixels that
then coincide are compared in structure and in colour. The fewer features agree, the more the pixels must.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal, NamedTuple

import cv2
import numpy as np
import numpy.typing as npt
from pydantic import Field

from pipelines.mining.images.verify.aligned_cells import CellOverlap, ThumbnailPlanes, overlap, prepared
from pipelines.mining.images.verify.colour_variant import is_colour_variant
from pipelines.mining.images.verify.crop_or_frame import Placement, Region, is_framed, placement
from pipelines.mining.images.verify.other_content import content_change
from pipelines.mining.images.verify.overexposure import exposed_alike
from pipelines.mining.images.verify.similarity import Light, Structure, light, mean_structure, structure
from pipelines.mining.images.verify.thresholds import has_same_structure, is_explained, is_similar
from pipelines.mining.images.verify.transform_hypotheses import ENOUGH_INLIERS, Hypotheses, Hypothesis, fractions
from pipelines.mining.images.verify.warp_refinement import Matrix, inverse, resizing

Relation = Literal["copy", "framed_a", "framed_b", "crop_a", "crop_b", "variant", "none"]
"""variant: one layout, view or product with other words, content or colours. framed_a: b is a, whole, in a frame.
crop_a: a is cut out of b. framed_b and crop_b: the other way round."""
MAX_EXPOSURE_ERROR = 16.0
"""Mean levels of what is not white that overexposure may leave unexplained where features agree."""
BLIND_EXPOSURE_ERROR = 14.0
"""The same where one whole picture is compared with the other, before it is refined."""
FEW_INLIERS = 5
CERTAIN_INLIERS = 25
"""Inliers from which on only the colours can refuse a map."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """Settings of `verify_candidate`."""

    RENAMED: ClassVar[Mapping[str, str]] = {
        "overexposed": "min_overexposed_structure",
        "steps": "refinement_steps",
        "whole": "min_copy_coverage",
        "inside": "min_crop_coverage",
    }

    min_pearson: Annotated[float, Field(ge=-1, le=1)] = 0.2
    """Correlation of the common pixels, before any refinement, below which a map with fewer than 10 inliers is refused."""
    min_pearson_few: Annotated[float, Field(ge=-1, le=1)] = 0.6
    """The same with fewer than 5. Source: dev/log.md: of true maps none is below 0.63, of false ones three quarters."""
    min_structure: Annotated[float, Field(ge=-1, le=1)] = 0.3
    """Mean correlation of structure after refinement, below which a map with fewer than 10 inliers is refused."""
    min_structure_few: Annotated[float, Field(ge=-1, le=1)] = 0.5
    """The same with fewer than 5. Source: dev/log.md: of true maps none is below 0.4 and 0.66, of false ones 63 and 86 %."""
    min_overexposed_structure: Annotated[float, Field(ge=0, le=1)] = 0.8
    """Share of the texture in common, in the picture with more of it in common, from which the pair is also compared with
    the darker picture overexposed."""
    refinement_steps: Annotated[int, Field(ge=1, le=100)] = 4
    """Gauss-Newton steps that refine the alignment; three times as many where fewer than 10 features agree."""
    min_copy_coverage: Annotated[float, Field(ge=0, le=1)] = 0.82
    """Share of both pictures that must be common for them to be copies."""
    min_crop_coverage: Annotated[float, Field(ge=0, le=1)] = 0.88
    """Share of a picture that the other must contain for it to be a crop of the other, or framed by it."""
    max_unread_structure: Annotated[float, Field(ge=0, le=1)] = 0.95
    """Mean correlation of structure from which a pair is a copy without a look at its strokes, if each cell agrees."""
    min_unread_cell: Annotated[float, Field(ge=-1, le=1)] = 0.7
    """Correlation that the cell which agrees least must have for that. Source: measured, dev/log.md: a quarter of true copies
    have a lower one, and seven of ten lists with one other number."""
    min_region: Annotated[float, Field(ge=0, le=1)] = 0.08
    """Smallest share of a picture that a crop of it may cover: below it, what the two share is a logo."""


@dataclass(frozen=True, slots=True)
class PairVerdict:
    """The relation of two pictures, and the numbers that it rests on."""

    relation: Relation
    region: Region | None
    """The box of the smaller picture in the larger one, for a crop or a framed copy."""
    mirrored: bool
    inliers: int
    pixel_correlation: float
    """Correlation of the common pixels, -1 to 1."""
    hamming: int
    """Bits between the PDQ hashes, in the best of the eight turns."""
    structure: float
    """Mean correlation of the cells that both show, -1 to 1."""
    colour_error: float
    """Grey levels that the best change of light leaves unexplained."""
    score: float
    """0 to 1: mean correlation of structure, less what the colours leave unexplained."""


class ComparablePicture(NamedTuple):
    """The pixels that are kept of a picture."""

    thumbnail: ThumbnailPlanes
    working_picture: bytes
    """JPEG of the grey working picture."""


class ComparedMap(NamedTuple):
    """A hypothesis, and how well the pixels under it agree."""

    swapped: bool
    """Whether a is the target and b the source."""
    source: ThumbnailPlanes
    target: ThumbnailPlanes
    to_source: Matrix
    """Positions in the target's thumbnail -> in the source's."""
    pearson: float
    structure: Structure
    light: Light
    placement: Placement
    inliers: int
    mirrored: bool
    is_recoloured: bool
    """Whether the structure agrees but the colours differ, in one region or everywhere."""


def verify_candidate(a: ComparablePicture, b: ComparablePicture, candidate: Hypotheses, settings: Verification) -> PairVerdict:
    """Compare the pixels of two pictures under each of their hypotheses; the one with the best structure decides.

    Args:
        a: the first picture.
        b: the second.
        candidate: `hypotheses` of the two, in this order; without a map the verdict is "none".
        settings: thresholds.

    Cost: about 2 ms a hypothesis; for a pair that agrees, that of `content_change`.
    """
    compared = [compare_pixels(a.thumbnail, b.thumbnail, hypothesis, settings) for hypothesis in candidate.maps]
    best = _best(compared, settings)
    if best is None:
        return PairVerdict(
            "none", None, mirrored=False, inliers=0, pixel_correlation=0.0, hamming=candidate.hamming,
            structure=0.0, colour_error=0.0, score=0.0,
        )  # fmt: skip
    relation, region = _relation(best, settings)
    if relation != "none" and (best.is_recoloured or _has_other_content(a, b, best, settings)):
        relation, region = "variant", None
    mean, error = best.structure.mean, best.light.unexplained
    score = 0.0 if relation == "none" else max(0.0, mean) * (1 - min(1.0, error / 50))
    return PairVerdict(
        relation, region, best.mirrored, best.inliers, round(best.pearson, 6), candidate.hamming,
        round(mean, 6), round(error, 6), round(score, 6),
    )  # fmt: skip


def _best(compared: Iterable[ComparedMap | None], settings: Verification) -> ComparedMap | None:
    """The map with the best structure; one that recolours a single thing only where no other relates the pictures."""

    def structure_of(one: ComparedMap) -> float:
        return one.structure.mean

    def recolours_a_thing(one: ComparedMap) -> bool:
        return one.is_recoloured and is_explained(one.structure, one.light, one.inliers)

    maps = [one for one in compared if one]
    plain = max((one for one in maps if not recolours_a_thing(one)), key=structure_of, default=None)
    recoloured = max(filter(recolours_a_thing, maps), key=structure_of, default=None)
    if recoloured is not None and (plain is None or _relation(plain, settings)[0] == "none"):
        return recoloured
    return plain


def _has_other_content(a: ComparablePicture, b: ComparablePicture, compared: ComparedMap, settings: Verification) -> bool:
    """Whether the strokes of two pictures differ that agree on their thumbnails."""
    agreed = compared.structure
    if agreed.mean >= settings.max_unread_structure and agreed.lowest >= settings.min_unread_cell:
        return False
    pictures = (b, a) if compared.swapped else (a, b)
    source, target = (_decoded_grey(picture.working_picture) for picture in pictures)
    to_source = (
        resizing(compared.source.grey.shape, source.shape)
        @ compared.to_source
        @ resizing(target.shape, compared.target.grey.shape)
    )
    return content_change(target, source, to_source).is_other_content


def _decoded_grey(jpeg: bytes) -> npt.NDArray[np.float32]:
    """[h, w] grey levels."""
    return np.asarray(cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_GRAYSCALE), np.float32)


def decoded_thumbnail(jpeg: bytes) -> ThumbnailPlanes:
    """A stored thumbnail, ready for `verify_candidate`."""
    bgr = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    return prepared(np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB), np.uint8))


def compare_pixels(
    a: ThumbnailPlanes, b: ThumbnailPlanes, hypothesis: Hypothesis, settings: Verification
) -> ComparedMap | None:
    """Warp the finer picture onto the coarser one and compare them; None where the structure already refuses the map."""
    inliers = hypothesis.inliers
    sizes = fractions(a.grey.shape[1::-1]), fractions(b.grey.shape[1::-1])
    to_b = inverse(sizes[1]) @ hypothesis.to_b @ sizes[0]
    swapped = abs(float(np.linalg.det(to_b[:2, :2]))) > 1
    source, target = (b, a) if swapped else (a, b)
    to_source = to_b if swapped else inverse(to_b)
    if inliers == 0:
        source, target = exposed_alike(source, target, overlap(source, target, to_source, 0, -1.0), BLIND_EXPOSURE_ERROR)
    common = _refined_overlap(source, target, to_source, inliers, settings)
    if common is None:
        return None
    agreed, seen = structure_and_light(common, inliers)
    if agreed.higher >= settings.min_overexposed_structure and not is_explained(agreed, seen, inliers):
        exposed = overlap(*exposed_alike(source, target, common, MAX_EXPOSURE_ERROR), common.to_source, 0, -1.0)
        if exposed is not None:
            common = exposed
            agreed, seen = structure_and_light(common, inliers)
    if seen is None:
        return None
    recoloured = is_colour_variant(common) if is_explained(agreed, seen, inliers) else has_same_structure(agreed, inliers)
    where = placement(source.grey.shape, target.grey.shape, common.to_source)
    return ComparedMap(
        swapped, source, target, common.to_source, common.pearson, agreed, seen, where, inliers, hypothesis.mirrored, recoloured
    )


def _refined_overlap(
    source: ThumbnailPlanes, target: ThumbnailPlanes, to_source: Matrix, inliers: int, settings: Verification
) -> CellOverlap | None:
    """The source warped onto the target and refined; None where few features agree and the pixels do not correlate."""
    steps = settings.refinement_steps
    if inliers >= ENOUGH_INLIERS:
        return overlap(source, target, to_source, steps, -1.0)
    few = inliers < FEW_INLIERS
    common = overlap(source, target, to_source, steps, settings.min_pearson_few if few else settings.min_pearson)
    if common is None or mean_structure(common) < (settings.min_structure_few if few else settings.min_structure):
        return None
    return overlap(source, target, common.to_source, 2 * steps, -1.0)


def structure_and_light(common: CellOverlap, inliers: int) -> tuple[Structure, Light | None]:
    """The structure, and the light where the structure allows for a copy or a crop."""
    agreed = structure(common)
    similar = is_similar(agreed, inliers)
    return agreed, light(common, may_be_shaded=inliers >= CERTAIN_INLIERS) if similar else None


def _relation(compared: ComparedMap, settings: Verification) -> tuple[Relation, Region | None]:
    where = compared.placement
    if not compared.is_recoloured and not is_explained(compared.structure, compared.light, compared.inliers):
        return "none", None
    if min(where.source_covered, where.target_covered) >= settings.min_copy_coverage:
        return "copy", None
    if where.source_covered < settings.min_crop_coverage or where.target_covered < settings.min_region:
        return "none", None
    if is_framed(compared.target.rgb, where.region, where.target_covered):
        return ("framed_b" if compared.swapped else "framed_a"), where.region
    return ("crop_b" if compared.swapped else "crop_a"), where.region
