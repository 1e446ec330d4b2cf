"""From the local features of two pictures to the map that lays one on the other.

Features are upright, so each match proposes a scale and a shift of its own; the proposal
that most other matches agree with wins, and least squares make it an affine map. There is
nothing random in it.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pipelines.images.features import Features, mirrored

Floats = npt.NDArray[np.float32]
Matrix = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Matching:
    """Settings of `align`."""

    min_cosine: float = 0.7
    """Two descriptors are matched if each is the other's nearest and their cosine is at least this."""
    max_matches: int = 80
    """Only the best matches vote; bounds the work at its square."""
    slack: float = 3.0
    """Pixels of the working picture by which a match may miss the map."""
    stretch: float = 0.15
    """Share of the distance between two matches by which they may disagree: stretched sides, slight rotation."""


@dataclass(frozen=True, slots=True)
class Alignment:
    """A map of one picture onto another, and how many matches agree with it."""

    matrix: Matrix
    """[2, 3] positions of the first picture (pixels of its working picture) -> those of the second."""
    mirrored: bool
    """Whether it swaps left and right."""
    inliers: int


def align(a: Features, b: Features, settings: Matching) -> Alignment | None:
    """The best-supported map of `a` onto `b`, mirrored or not; None without two matches that agree.

    Cost: O(|a| |b|) products of descriptors and max_matches**2 votes, 0.2 ms.
    """
    if len(a.sigmas) < 2 or len(b.sigmas) < 2:
        return None
    unit_a, unit_b = _unit(a.descriptors), _unit(b.descriptors)
    straight = _aligned(a, b, unit_a @ unit_b.T, settings)
    flipped_a = Features(_reflected(a), a.sigmas, a.descriptors, a.side)
    flipped = _aligned(flipped_a, b, _unit(mirrored(a.descriptors)) @ unit_b.T, settings)
    if flipped is None or (straight is not None and straight[1] >= flipped[1]):
        return None if straight is None else Alignment(straight[0], mirrored=False, inliers=straight[1])
    mirror = np.array([[-1.0, 0.0, a.side[0] - 1.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
    return Alignment(flipped[0] @ mirror, mirrored=True, inliers=flipped[1])


def _unit(descriptors: npt.NDArray[np.int8]) -> Floats:
    values = descriptors.astype(np.float32)
    return values / np.maximum(np.sqrt(np.einsum("nd,nd->n", values, values)), 1.0)[:, None]


def _reflected(features: Features) -> Floats:
    return (features.positions * np.float32([-1, 1]) + np.float32([features.side[0] - 1, 0])).astype(np.float32)


def _aligned(a: Features, b: Features, cosines: Floats, settings: Matching) -> tuple[Matrix, int] | None:
    nearest = cosines.argmax(axis=1)
    rows = np.arange(len(nearest))
    best = cosines[rows, nearest]
    mutual = (cosines.argmax(axis=0)[nearest] == rows) & (best >= settings.min_cosine)
    chosen = np.flatnonzero(mutual)
    if len(chosen) < 2:
        return None
    chosen = chosen[np.argsort(-best[chosen], kind="stable")][: settings.max_matches]
    p, q = a.positions[chosen], b.positions[nearest[chosen]]
    scale = b.sigmas[nearest[chosen]] / a.sigmas[chosen]
    votes = _agreement(p, q, scale, settings)
    counts = votes.sum(axis=1)
    winner = int(counts.argmax())
    if counts[winner] < 2:
        return None
    start = np.array([[scale[winner], 0.0], [0.0, scale[winner]]])
    return _fit(p, q, votes[winner], start, settings.slack)


def _agreement(p: Floats, q: Floats, scale: Floats, settings: Matching) -> npt.NDArray[np.bool_]:
    """[i, j] whether match j lies where match i's scale and shift put it."""
    move_p, move_q = p[None] - p[:, None], q[None] - q[:, None]
    miss = move_q - scale[:, None, None] * move_p
    reach = settings.slack + settings.stretch * np.sqrt(np.einsum("ijk,ijk->ij", move_q, move_q))
    octaves = np.abs(np.log2(scale[None] / scale[:, None]))
    return (np.einsum("ijk,ijk->ij", miss, miss) <= reach * reach) & (octaves < 0.5)


def _fit(p: Floats, q: Floats, inliers: npt.NDArray[np.bool_], start: Matrix, slack: float) -> tuple[Matrix, int]:
    """Least squares with a pull towards `start`, so that two matches or points on a line do no harm."""
    linear, strength = start, (slack / 0.1) ** 2
    for _ in range(3):
        centre_p, centre_q = p[inliers].mean(axis=0), q[inliers].mean(axis=0)
        dp, dq = (p[inliers] - centre_p).astype(np.float64), (q[inliers] - centre_q).astype(np.float64)
        normal = dp.T @ dp + strength * np.eye(2)
        linear = np.linalg.solve(normal, dp.T @ dq + strength * start.T).T
        miss = (q - centre_q) - (p - centre_p) @ linear.T
        agreeing = np.einsum("nk,nk->n", miss, miss) <= slack * slack
        if agreeing.sum() < 2:
            break
        inliers = agreeing
    return np.hstack([linear, (centre_q - linear @ centre_p)[:, None]]), int(inliers.sum())
