"""Thresholds of structure and light for two pictures to be the same: the fewer features agree, the higher."""

from typing import NamedTuple

from pipelines.mining.images.verify.similarity import Light, Structure

BARE = 0.08
"""On plain ground, largest share of either picture's content that may be bare ground in the other."""


class Demand(NamedTuple):
    """The thresholds of `Structure` and `Light` when at least `inliers` features agree."""

    inliers: int
    lower: float
    higher: float
    mean: float
    unexplained: float
    """Largest sum of the colours' unexplained error and `per_change` times the change of light, levels."""
    per_change: float


DEMANDS = (
    Demand(25, 0.45, 0.60, 0.40, 18.0, 0.00),
    Demand(12, 0.55, 0.75, 0.60, 16.0, 0.05),
    Demand(8, 0.70, 0.85, 0.70, 12.0, 0.10),
    Demand(5, 0.75, 0.92, 0.80, 8.0, 0.15),
    Demand(1, 0.85, 0.95, 0.85, 8.0, 0.20),
    Demand(0, 0.80, 0.95, 0.80, 8.0, 0.15),
)
"""Source: measured on the benchmark, dev/log.md; the last is for whole on whole."""


def is_similar(agreed: Structure, inliers: int) -> bool:
    """Whether the structure allows for a copy or a crop, regardless of colour."""
    return _meets(agreed, _demand(inliers)) or _partly_hidden(agreed, inliers)


def has_same_structure(agreed: Structure, inliers: int) -> bool:
    """Whether the structure allows for a copy or a crop without a hidden part, regardless of colour."""
    return _meets(agreed, _demand(inliers))


def is_explained(agreed: Structure, seen: Light | None, inliers: int) -> bool:
    """Whether the colours allow for it as well, at this structure and number of features."""
    if seen is None:
        return False
    demand = _demand(inliers)
    if _meets(agreed, demand) and seen.unexplained + demand.per_change * seen.change < demand.unexplained:
        return True
    return _partly_hidden(agreed, inliers) and seen.unexplained + seen.change < 5


def _demand(inliers: int) -> Demand:
    return next(demand for demand in DEMANDS if inliers >= demand.inliers)


def _meets(agreed: Structure, demand: Demand) -> bool:
    if BARE < agreed.hidden_only < 1:
        return False
    return agreed.lower >= demand.lower and agreed.higher >= demand.higher and agreed.mean >= demand.mean


def _partly_hidden(agreed: Structure, inliers: int) -> bool:
    """A sticker or a caption hides a part: the rest must be the same, and nearly all of one picture must be in the other."""
    if inliers < 5 or agreed.seen < 0.75:
        return False
    if agreed.hidden_only < 1:  # on plain ground
        return agreed.hidden_only <= 0.04 and agreed.unhidden >= 0.65 and agreed.higher >= 0.8
    return inliers >= 8 and agreed.higher >= 0.7 and agreed.lower >= 0.2
