"""The reliability curve, its mean gap, and the gap that chance alone makes."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]
Flags = NDArray[np.bool_]

FLOOR_DRAWS = 200
"""Draws of the floor: its mean is then within 2 % or so."""


@dataclass(frozen=True, slots=True)
class ReliabilityBins:
    """The reliability curve: predicted probability against observed share, bin by bin; empty bins are left out."""

    counts: NDArray[np.int64]
    """Pairs per bin."""
    predicted: Numbers
    """Mean probability of each bin's pairs."""
    observed: Numbers
    """Share of each bin's pairs that is relevant."""


def reliability(probabilities: Numbers, relevant: Flags, bins: int) -> ReliabilityBins:
    """The reliability curve with `bins` bins of equal width over 0 to 1; an edge belongs to the upper bin, 1 to the last."""
    at = np.minimum((probabilities * bins).astype(np.int64), bins - 1)
    counts = np.bincount(at, minlength=bins)
    filled = counts > 0
    predicted = np.bincount(at, weights=probabilities, minlength=bins)[filled] / counts[filled]
    observed = np.bincount(at, weights=relevant.astype(np.float64), minlength=bins)[filled] / counts[filled]
    return ReliabilityBins(counts[filled], predicted, observed)


def calibration_error(probabilities: Numbers, relevant: Flags, bins: int) -> float:
    """Expected calibration error: the mean gap of the reliability curve, bins weighted by their pairs (Guo et al. 2017)."""
    curve = reliability(probabilities, relevant, bins)
    return float((curve.counts * np.abs(curve.predicted - curve.observed)).sum() / max(1, curve.counts.sum()))


def error_floor(probabilities: Numbers, bins: int, seed: int) -> float:
    """The calibration error that chance alone makes: the mean of a perfectly calibrated judge on as many pairs.

    Labels are drawn from the probabilities themselves, each pair on its own; with few pairs in a bin their share differs from
    the probability even so (Bröcker and Smith 2007 draw them likewise). Labels of one component that agree make it larger.

    Args:
        probabilities: [n] calibrated, of the labelled pairs.
        bins: as in `calibration_error`.
        seed: of the draws.

    Cost: FLOOR_DRAWS x n random numbers.
    """
    chance = np.random.default_rng([seed, 3])
    errors = [
        calibration_error(probabilities, chance.random(len(probabilities)) < probabilities, bins) for _ in range(FLOOR_DRAWS)
    ]
    return float(np.mean(errors))
