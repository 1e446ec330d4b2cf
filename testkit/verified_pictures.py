"""Two pictures through the job's own two calls: `hypotheses` of their features and hashes, `verify_candidate` on their pixels."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from pipelines.mining.images.fingerprint.feature_codec import unpack
from pipelines.mining.images.fingerprint.fingerprint import Fingerprint, fingerprint
from pipelines.mining.images.verify.feature_alignment import Matching, points
from pipelines.mining.images.verify.transform_hypotheses import MIN_INLIERS_BY_VOTES, Sketch, hypotheses
from pipelines.mining.images.verify.verify_pair import (
    ComparablePicture,
    PairVerdict,
    Verification,
    decoded_thumbnail,
    verify_candidate,
)

MANY_VOTES = max(MIN_INLIERS_BY_VOTES) + 1
"""Votes with which any map is tried."""


class StoredPicture(NamedTuple):
    """The columns of PICTURES that a pair is verified on."""

    sketch: Sketch
    thumbnail: bytes
    """JPEG."""
    working_picture: bytes
    """JPEG."""


def stored_picture(content: bytes) -> StoredPicture:
    """A picture file as the job keeps it."""
    return of_row(fingerprint(content, Fingerprint()))


def of_row(row: Mapping[str, Any]) -> StoredPicture:
    """A row of PICTURES."""
    return StoredPicture(
        Sketch(points(unpack(row["features"])), row["pdq_turns"], row["pdq_exposed"]), row["thumbnail"], row["working_picture"]
    )


def verdict(a: StoredPicture, b: StoredPicture, votes: int = MANY_VOTES) -> PairVerdict:
    """The verdict of the job on two pictures, `a` the one with the smaller `picture_number`, that share `votes` keys."""
    candidate = hypotheses(a.sketch, b.sketch, votes, Matching())
    pictures = [ComparablePicture(decoded_thumbnail(picture.thumbnail), picture.working_picture) for picture in (a, b)]
    return verify_candidate(pictures[0], pictures[1], candidate, Verification())
