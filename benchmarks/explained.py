"""Why two pictures were called copies, a crop, or nothing: every number on the way, without Spark.

The job's own `hypotheses` and `verify_candidate` decide; the pixels that they compare are recorded on the way.
"""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from unittest.mock import patch

import numpy as np
from PIL import Image

import pipelines.mining.images.verify.verify_pair as steps
from pipelines.mining.images.candidates.index_keys import IndexKeys, PictureKeys, picture_keys
from pipelines.mining.images.fingerprint.feature_codec import unpack
from pipelines.mining.images.fingerprint.fingerprint import Fingerprint, fingerprint
from pipelines.mining.images.verify.aligned_cells import CellOverlap
from pipelines.mining.images.verify.feature_alignment import Matching
from pipelines.mining.images.verify.similarity import Light, Structure
from pipelines.mining.images.verify.thresholds import BARE, DEMANDS, is_explained, is_similar
from pipelines.mining.images.verify.transform_hypotheses import Hypothesis, hypotheses
from pipelines.mining.images.verify.verify_pair import PairVerdict, Verification, decoded_thumbnail
from testkit.verified_pictures import StoredPicture, stored_picture, verdict


@dataclass(frozen=True, slots=True)
class IndexedPicture:
    """What the job keeps of a picture."""

    picture: StoredPicture
    keys: PictureKeys
    features: int
    quality: int


@dataclass(frozen=True, slots=True)
class ExplainedVerdict:
    """The verdict of the job on two pictures."""

    keys: int
    """That they have in common; 0: no candidate, the job compares nothing."""
    verdict: PairVerdict
    reasons: list[str]
    """One for each map that was tried."""


def indexed_picture(image: Image.Image, quality: int = 90) -> IndexedPicture:
    """As the job keeps the picture saved as JPEG."""
    buffer = io.BytesIO()
    image.convert("RGB").save(buffer, "JPEG", quality=quality)
    row = fingerprint(buffer.getvalue(), Fingerprint())
    keys, features = picture_keys(row, IndexKeys()), unpack(row["features"])
    return IndexedPicture(stored_picture(buffer.getvalue()), keys, len(features.sigmas), row["quality"])


def explained(a: IndexedPicture, b: IndexedPicture) -> ExplainedVerdict:
    """The verdict of the job on `a` and `b`, with its reasons."""
    votes = sum(len(np.intersect1d(x.keys.indexed, y.keys.queried)) for x, y in ((a, b), (b, a)))
    hamming, maps = hypotheses(a.picture.sketch, b.picture.sketch, votes, Matching())
    reasons = [f"{m.inliers} inliers: {'; '.join(_reasons(a.picture, b.picture, m))}" for m in maps]
    nothing = f"no map: features do not agree, and hashes differ in {hamming} bits"
    return ExplainedVerdict(votes, verdict(a.picture, b.picture, votes), reasons or [nothing])


def _reasons(a: StoredPicture, b: StoredPicture, hypothesis: Hypothesis) -> Iterator[str]:
    """Measurements under one map, and the first threshold that it failed."""
    compared: list[tuple[CellOverlap, Structure, Light | None]] = []

    def recording(common: CellOverlap, inliers: int) -> tuple[Structure, Light | None]:
        compared.append((common, *measure(common, inliers)))
        return compared[-1][1:]

    measure = steps.structure_and_light
    with patch.object(steps, "structure_and_light", recording):
        thumbnails = decoded_thumbnail(a.thumbnail), decoded_thumbnail(b.thumbnail)
        accepted = steps.compare_pixels(*thumbnails, hypothesis, Verification())
    if not compared:
        yield "the pixels under it do not agree"
        return
    common, agreed, light = compared[-1]
    yield f"correlation {common.pearson:.2f}, structure {agreed.lower:.2f} {agreed.higher:.2f} {agreed.mean:.2f}"
    if light is not None:
        yield f"colours leave {light.unexplained:.1f} levels after a change of {light.change:.1f}"
    if not is_explained(agreed, light, hypothesis.inliers):
        yield from _failed(agreed, light, hypothesis.inliers)
    elif accepted is not None and accepted.is_recoloured:
        yield "one thing in it has another colour: a variant"
    elif accepted is not None:
        place = accepted.placement
        yield f"the same; common are {place.source_covered:.2f} of the one and {place.target_covered:.2f} of the other"


def _failed(agreed: Structure, light: Light | None, inliers: int) -> Iterator[str]:
    """The measures that fail the demand."""
    demand = next(demand for demand in DEMANDS if inliers >= demand.inliers)
    if not is_similar(agreed, inliers):
        if BARE < agreed.hidden_only < 1:
            yield f"each shows what is bare ground in the other: {agreed.hidden_only:.2f}, at most {BARE}"
        for name in ("lower", "higher", "mean"):
            seen, least = getattr(agreed, name), getattr(demand, name)
            if seen < least:
                yield f"structure ({name}) {seen:.2f}, expected {least:.2f}"
    elif light is not None:
        error = light.unexplained + demand.per_change * light.change
        yield f"colours {error:.1f}, expected below {demand.unexplained:.0f}"
