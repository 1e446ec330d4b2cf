"""Why two pictures were called copies, a crop, or nothing: every number on the way, without Spark.

`pipelines.mining.images.verify.verify_pair` itself decides; what it compares is watched on the way.
"""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from unittest.mock import patch

import numpy as np
from PIL import Image

import pipelines.mining.images.verify.verify_pair as steps
from pipelines.mining.images.candidates import hash_bands
from pipelines.mining.images.candidates.index_keys import keys_of
from pipelines.mining.images.fingerprint.feature_codec import unpack
from pipelines.mining.images.fingerprint.fingerprint import Fingerprint, fingerprint
from pipelines.mining.images.settings import Match
from pipelines.mining.images.verify.aligned_cells import Overlap
from pipelines.mining.images.verify.feature_alignment import points
from pipelines.mining.images.verify.similarity import Light, Structure
from pipelines.mining.images.verify.thresholds import BARE, DEMANDS, is_explained, is_similar
from pipelines.mining.images.verify.transform_hypotheses import Hypothesis, Sketch, hypotheses
from pipelines.mining.images.verify.verify_pair import Picture, Verdict


@dataclass(frozen=True, slots=True)
class Kept:
    """What the job keeps of a picture."""

    picture: Picture
    keys: tuple[hash_bands.Keys, hash_bands.Keys]
    """What it is found under, and what it asks for."""
    features: int
    quality: int


@dataclass(frozen=True, slots=True)
class Explained:
    """What the job says of two pictures."""

    keys: int
    """That they have in common; 0: no candidate, nothing is compared."""
    verdict: Verdict
    reasons: list[str]
    """One for each map that was tried."""


def kept(image: Image.Image, quality: int = 90) -> Kept:
    """As the job keeps the picture saved as JPEG."""
    buffer = io.BytesIO()
    image.convert("RGB").save(buffer, "JPEG", quality=quality)
    row = fingerprint(buffer.getvalue(), Fingerprint())
    features, settings = unpack(row["features"]), Match()
    sketch = Sketch(points(features), row["pdq_turns"], row["pdq_exposed"])
    keys = keys_of(row, settings)
    return Kept(Picture(sketch, row["thumbnail"]), keys, len(features.sigmas), row["quality"])


def explained(a: Kept, b: Kept) -> Explained:
    """What the job says of `a` against `b`, and why."""
    settings = Match()
    common = sum(len(np.intersect1d(x.keys[0], y.keys[1])) for x, y in ((a, b), (b, a)))
    verdict = steps.verify(a.picture, b.picture, settings.matching, settings.verification)
    first, second = a.picture, b.picture
    if (second.sketch.turns, second.thumbnail) < (first.sketch.turns, first.thumbnail):
        first, second = second, first  # as verify does
    hamming, maps = hypotheses(first.sketch, second.sketch, settings.matching)
    said = [f"{found.inliers} inliers: {'; '.join(_tried(first, second, found))}" for found in maps]
    return Explained(common, verdict, said or [f"no map: features do not agree, and hashes differ in {hamming} bits"])


def _tried(a: Picture, b: Picture, found: Hypothesis) -> Iterator[str]:
    """What was seen under one map, and the first demand that it failed."""
    compared: list[tuple[Overlap, Structure, Light | None]] = []

    def watched(common: Overlap, inliers: int) -> tuple[Structure, Light | None]:
        compared.append((common, *compare(common, inliers)))
        return compared[-1][1:]

    compare = steps._compared
    with patch.object(steps, "_compared", watched):
        judged = steps._tried(steps.expanded(a.thumbnail), steps.expanded(b.thumbnail), found, Match().verification)
    if not compared:
        yield "the pixels under it do not agree"
        return
    common, agreed, light = compared[-1]
    yield f"correlation {common.pearson:.2f}, structure {agreed.lower:.2f} {agreed.higher:.2f} {agreed.mean:.2f}"
    if light is not None:
        yield f"colours leave {light.unexplained:.1f} levels after a change of {light.change:.1f}"
    if not is_explained(agreed, light, found.inliers):
        yield from _failed(agreed, light, found.inliers)
    elif judged is None:
        yield "one thing in it has another colour: taken for a variant"
    else:
        place = judged.placement
        yield f"the same; of the one {place.source_covered:.2f} lies on {place.target_covered:.2f} of the other"


def _failed(agreed: Structure, light: Light | None, inliers: int) -> Iterator[str]:
    """What the demand asks that was not there."""
    demand = next(demand for demand in DEMANDS if inliers >= demand.inliers)
    if not is_similar(agreed, inliers):
        if BARE < agreed.hidden_only < 1:
            yield f"each shows what is bare ground in the other: {agreed.hidden_only:.2f}, at most {BARE}"
        for name in ("lower", "higher", "mean"):
            seen, least = getattr(agreed, name), getattr(demand, name)
            if seen < least:
                yield f"structure ({name}) {seen:.2f}, wanted {least:.2f}"
    elif light is not None:
        error = light.unexplained + demand.per_change * light.change
        yield f"colours {error:.1f}, wanted below {demand.unexplained:.0f}"
