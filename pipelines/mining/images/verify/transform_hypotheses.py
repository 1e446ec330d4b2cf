"""Hypotheses of how one picture maps onto another: by local features, or whole on whole in one of the eight turns.

They need features and hashes only. Nine candidates of ten have none; pixels are compared for the rest.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from pipelines.mining.images.candidates.hash_bands import HASH_BYTES
from pipelines.mining.images.fingerprint.perceptual_hashes import TURNS, hamming
from pipelines.mining.images.verify.feature_alignment import Matching, Points, align
from pipelines.mining.images.verify.warp_refinement import inverse

Matrix = npt.NDArray[np.float64]
ENOUGH_INLIERS = 10
"""Inliers from which on whole on whole is not tried as well."""
MIN_INLIERS_BY_VOTES = {1: 5}
"""Votes (keys that a candidate pair shares) -> inliers that its map needs; with more votes any map is tried. Fewer inliers
arise by chance in one of eight pairs that share one key."""
UPRIGHT = (0, 5)
"""Turns that keep the upward direction: the picture itself and its mirror image, which the features recognise."""
TURNED_HAMMING = 40
"""PDQ bits up to which another turn is tried although features agree: they are upright, and twelve agree by chance on a plate
that looks the same when it is turned."""
MAX_HAMMING = 90
"""PDQ bits of 256, in the best turn, up to which whole on whole is tried.
Source: measured, dev/log.md: copies with caption bars and stickers reach 80."""


@dataclass(frozen=True, slots=True)
class Sketch:
    """The features and hashes of a picture: compared before any pixel is."""

    points: Points
    turns: bytes
    """PDQ hashes in the order of `perceptual_hashes.TURNS`, end to end."""
    exposed: bytes
    """PDQ hash of the picture overexposed."""


class Hypothesis(NamedTuple):
    """A map of picture a onto picture b."""

    to_b: Matrix
    """[3, 3] in fractions of the width and height of either picture."""
    inliers: int
    """Local features that agree with it; 0 for whole on whole."""
    mirrored: bool


class Hypotheses(NamedTuple):
    """The maps that the features and hashes of two pictures allow."""

    hamming: int
    """PDQ bits that differ in the best of the eight turns."""
    maps: list[Hypothesis]


def hypotheses(a: Sketch, b: Sketch, votes: int, matching: Matching) -> Hypotheses:
    """At most three maps of `a` onto `b`.

    Args:
        a: the first picture.
        b: the second.
        votes: keys that the pair shares; with few of them a map needs MIN_INLIERS_BY_VOTES.
        matching: thresholds of the features.

    Cost: that of `align`.
    """
    turn, distance = _best_turn(a.turns, b.turns)
    min_inliers = MIN_INLIERS_BY_VOTES.get(votes, 0)
    maps = [m for m in _maps(a, b, turn, distance, matching) if m.inliers == 0 or m.inliers >= min_inliers]
    return Hypotheses(distance, maps)


def _maps(a: Sketch, b: Sketch, turn: int, distance: int, matching: Matching) -> Iterator[Hypothesis]:
    alignments = align(a.points, b.points, matching)
    for alignment in alignments:
        to_b = fractions(b.points.side) @ alignment.matrix @ inverse(fractions(a.points.side))
        yield Hypothesis(to_b, alignment.inliers, alignment.mirrored)
    turned = turn not in UPRIGHT and distance <= TURNED_HAMMING
    if any(alignment.inliers >= ENOUGH_INLIERS for alignment in alignments) and not turned:
        return
    if distance <= MAX_HAMMING:
        yield Hypothesis(TURNS[turn], 0, bool(np.linalg.det(TURNS[turn][:2, :2]) < 0))
    elif _overexposed_distance(a, b) <= MAX_HAMMING:
        yield Hypothesis(TURNS[0], 0, mirrored=False)


def _best_turn(turns_a: bytes, turns_b: bytes) -> tuple[int, int]:
    """The turn of `a` whose hash is nearest to that of `b`, and the bits of 256 in which they differ."""
    own, all_turns = (np.frombuffer(some, np.uint64) for some in (turns_b[:HASH_BYTES], turns_a))
    distances = np.bitwise_count(all_turns.reshape(len(TURNS), -1) ^ own).sum(axis=1)
    turn = int(distances.argmin())
    return turn, int(distances[turn])


def _overexposed_distance(a: Sketch, b: Sketch) -> int:
    return min(hamming(a.exposed, b.turns[:HASH_BYTES]), hamming(b.exposed, a.turns[:HASH_BYTES]))


def fractions(size: tuple[int, int]) -> Matrix:
    """[3, 3] positions in a picture of `size` (width, height) -> fractions of it."""
    width, height = size
    return np.array([[1 / width, 0, 0.5 / width], [0, 1 / height, 0.5 / height], [0, 0, 1]])
