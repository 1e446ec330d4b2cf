"""Alignment of the local features of two pictures: the affine map of one onto the other. No engine.

Features are upright, so each match proposes a scale and a shift of its own; the proposal
that most other matches agree with wins, and least squares refine it to an affine map. Nothing is random.
"""

from dataclasses import dataclass
from typing import Annotated, NamedTuple

import numpy as np
import numpy.typing as npt
from pydantic import Field

from pipelines.mining.images.fingerprint.local_features import ODD, Features

Floats = npt.NDArray[np.float32]
Matrix = npt.NDArray[np.float64]

BOTH_HANDS = 0.7
"""Share of the votes of the better orientation (straight or mirrored) from which the other one is a map as well."""
MAX_OCTAVES = 0.5
"""Largest difference between the scales of two matches of one map."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Matching:
    """Settings of `align`."""

    min_cosine: Annotated[float, Field(ge=-1, le=1)] = 0.7
    """Two descriptors are matched if each is the other's nearest and their cosine is at least this."""
    min_votes: Annotated[int, Field(ge=1, le=1000)] = 3
    """Fewest matches that must agree on a map, the one that proposes it included."""
    max_matches: Annotated[int, Field(ge=2, le=10_000)] = 80
    """Matches that vote, the best ones; bounds the work at its square."""
    slack: Annotated[float, Field(gt=0, le=100)] = 3.0
    """Pixels of the finer working picture by which a match may miss the map."""
    stretch: Annotated[float, Field(ge=0, le=1)] = 0.15
    """Share of the distance between two matches by which they may disagree: stretched sides, slight rotation."""


@dataclass(frozen=True, slots=True)
class Alignment:
    """A map of one picture onto another, and how many matches agree with it."""

    matrix: Matrix
    """[3, 3] positions of the first picture (pixels of its working picture) -> those of the second."""
    mirrored: bool
    """Whether it swaps left and right."""
    inliers: int


class Points(NamedTuple):
    """The features of one picture, prepared once for all pictures that it is compared with."""

    positions: Floats
    """[n, 2]"""
    reflected: Floats
    """[n, 2] the positions in the mirrored picture."""
    sigmas: Floats
    """[n]"""
    even: Floats
    """[n, DIMENSION - odd] unit descriptors: the coefficients that a mirror keeps."""
    odd: Floats
    """[n, odd] the coefficients that it negates."""
    side: tuple[int, int]
    """Width and height of the working picture."""


def points(features: Features) -> Points:
    """`features`, prepared for `align`."""
    unit = _unit(features.descriptors)
    even, odd = np.ascontiguousarray(unit[:, ~ODD]), np.ascontiguousarray(unit[:, ODD])
    x, y = features.positions.T
    reflected = np.stack([features.side[0] - 1 - x, y], axis=1)
    return Points(features.positions, reflected, features.sigmas, even, odd, features.side)


def align(a: Points, b: Points, settings: Matching) -> list[Alignment]:
    """The maps of `a` onto `b` that at least `min_votes` matches agree with, the best-supported one first.

    One straight or mirrored map at most; both where both are well supported, as of a symmetric thing.

    Cost: O(|a| |b|) products of descriptors, once for both, and max_matches**2 votes; 0.1 ms.
    """
    if min(len(a.sigmas), len(b.sigmas)) < settings.min_votes:
        return []
    # A transposed operand takes BLAS's slow path for matrices as small as these: four times the time.
    even, odd = a.even @ np.ascontiguousarray(b.even.T), a.odd @ np.ascontiguousarray(b.odd.T)
    straight = _matched(a, b, even + odd, settings)
    flipped = _matched(a._replace(positions=a.reflected), b, even - odd, settings)
    min_votes = max(settings.min_votes, BOTH_HANDS * max(straight.votes, flipped.votes))
    hands = [(matches, mirrored) for matches, mirrored in ((straight, False), (flipped, True)) if matches.votes >= min_votes]
    hands.sort(key=lambda hand: -hand[0].votes)
    return [_aligned(matches, a.side, settings.slack, mirrored=mirrored) for matches, mirrored in hands]


def _aligned(matches: "_Matches", side: tuple[int, int], slack: float, *, mirrored: bool) -> Alignment:
    matrix, inliers = _fit(matches, slack)
    if mirrored:
        matrix = matrix @ np.array([[-1.0, 0.0, side[0] - 1.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
    return Alignment(matrix, mirrored, inliers)


class _Matches(NamedTuple):
    """Matched positions, and the most popular of their maps."""

    p: Floats
    """[m, 2]"""
    q: Floats
    """[m, 2]"""
    scale: float
    """Scale of the winning match."""
    agreeing: npt.NDArray[np.bool_]
    """[m]"""
    votes: int


def _unit(descriptors: npt.NDArray[np.int8]) -> Floats:
    values = descriptors.astype(np.float32)
    length = np.sqrt(np.einsum("nd,nd->n", values, values))
    unit: Floats = values / np.maximum(length, 1.0)[:, None]
    return unit


def _matched(a: Points, b: Points, cosines: Floats, settings: Matching) -> _Matches:
    """Mutual nearest descriptors, and the vote of each match on the map of every other."""
    nearest = cosines.argmax(axis=1)
    rows = np.arange(len(nearest))
    best = cosines[rows, nearest]
    matched = np.flatnonzero((cosines.argmax(axis=0)[nearest] == rows) & (best >= settings.min_cosine))
    if len(matched) > settings.max_matches:
        matched = matched[np.argsort(-best[matched], kind="stable")[: settings.max_matches]]
    p, q = a.positions[matched], b.positions[nearest[matched]]
    if len(matched) < settings.min_votes:
        return _Matches(p, q, 1.0, np.zeros(len(matched), dtype=bool), 0)
    scale = b.sigmas[nearest[matched]] / a.sigmas[matched]
    votes = _agreement(p, q, scale, settings)
    counts = votes.sum(axis=1)
    winner = int(counts.argmax())
    return _Matches(p, q, float(scale[winner]), votes[winner], int(counts[winner]))


def _agreement(p: Floats, q: Floats, scale: Floats, settings: Matching) -> npt.NDArray[np.bool_]:
    """[m, m] whether match j is where match i's scale and shift put it."""
    move_x, move_y = q[:, 0] - q[:, 0, None], q[:, 1] - q[:, 1, None]
    miss_x = move_x - scale[:, None] * (p[:, 0] - p[:, 0, None])
    miss_y = move_y - scale[:, None] * (p[:, 1] - p[:, 1, None])
    reach = settings.slack * np.maximum(scale, 1)[:, None] + settings.stretch * np.sqrt(move_x * move_x + move_y * move_y)
    octave = np.log2(scale)
    near: npt.NDArray[np.bool_] = miss_x * miss_x + miss_y * miss_y <= reach * reach
    return near & (np.abs(octave - octave[:, None]) < MAX_OCTAVES)


def _fit(matches: _Matches, slack: float) -> tuple[Matrix, int]:
    """Least squares with a pull towards the winner's scale, so that two matches or collinear points do no harm."""
    p, q, inliers = matches.p.astype(np.float64), matches.q.astype(np.float64), matches.agreeing
    slack *= max(1.0, matches.scale)
    start, strength = matches.scale * np.eye(2), (slack / 0.1) ** 2
    matrix = np.eye(3)
    for _ in range(3):
        centre_p, centre_q = p[inliers].mean(axis=0), q[inliers].mean(axis=0)
        dp = p[inliers] - centre_p
        normal = dp.T @ dp + strength * np.eye(2)
        matrix[:2, :2] = np.linalg.solve(normal, dp.T @ (q[inliers] - centre_q) + strength * start).T
        matrix[:2, 2] = centre_q - matrix[:2, :2] @ centre_p
        miss = q - p @ matrix[:2, :2].T - matrix[:2, 2]
        agreeing = (miss * miss).sum(axis=1) <= slack * slack
        if agreeing.sum() < 2 or (agreeing == inliers).all():
            break
        inliers = agreeing
    return matrix, int(inliers.sum())
