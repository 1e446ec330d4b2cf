"""How one picture might lie on another: by local features, or whole on whole in one of the eight turns.

This needs features and hashes only, and refuses nine candidates of ten; pixels are looked at
for what is left.
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
"""From so many agreeing features on, whole on whole is not tried as well."""
UPRIGHT = (0, 5)
"""Turns that leave up where it is: the picture itself and its mirror image, which features find."""
NEAR = 40
"""Of another turn whose hash is so near the features know nothing: twelve agree by chance on a plate that is its own turn."""
MAX_HAMMING = 90
"""Whole on whole is tried if the PDQ hashes in the best turn differ in at most so many of 256 bits.
Source: measured, dev/log.md: copies with caption bars and stickers reach 80."""


@dataclass(frozen=True, slots=True)
class Sketch:
    """What is compared before any pixel is."""

    points: Points
    turns: bytes
    """PDQ hashes in the order of `hashes.TURNS`, end to end."""
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
    """What two sketches allow for."""

    hamming: int
    """PDQ bits that differ in the best of the eight turns."""
    found: list[Hypothesis]


def hypotheses(a: Sketch, b: Sketch, matching: Matching) -> Hypotheses:
    """At most three maps of `a` onto `b`. Cost: that of `align`."""
    turn, distance = _best_turn(a.turns, b.turns)
    return Hypotheses(distance, list(_maps(a, b, turn, distance, matching)))


def _maps(a: Sketch, b: Sketch, turn: int, distance: int, matching: Matching) -> Iterator[Hypothesis]:
    maps = align(a.points, b.points, matching)
    for found in maps:
        to_b = fractions(b.points.side) @ found.matrix @ inverse(fractions(a.points.side))
        yield Hypothesis(to_b, found.inliers, found.mirrored)
    turned = turn not in UPRIGHT and distance <= NEAR
    if any(found.inliers >= ENOUGH_INLIERS for found in maps) and not turned:
        return
    if distance <= MAX_HAMMING:
        yield Hypothesis(TURNS[turn], 0, bool(np.linalg.det(TURNS[turn][:2, :2]) < 0))
    elif _overexposed_distance(a, b) <= MAX_HAMMING:
        yield Hypothesis(TURNS[0], 0, mirrored=False)


def _best_turn(turns_a: bytes, turns_b: bytes) -> tuple[int, int]:
    """Which turn of a is nearest to b, and in how many of 256 bits it differs."""
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
