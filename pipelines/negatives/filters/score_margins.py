"""Score margins: how close to its positive a negative may score, as one rule with the published rules as presets.

A candidate of score s is kept if all of these hold (p: the score of the query's positives)

    floor <= s <= ceiling,    s <= p - absolute,    s <= p - |p| * relative

`|p|` and not `p`: with a negative p the plain product would raise the limit above the positive's
own score. A negative `absolute` lets candidates above the positive in, as Qwen3-VL's margin does.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from schemas.errors import SettingsError

Mask = NDArray[np.bool_]
Numbers = NDArray[np.floating]


@dataclass(frozen=True, slots=True, kw_only=True)
class Margin:
    """A margin rule. None means no limit. Scores are cosines in -1 to 1, or a judge's probabilities in 0 to 1."""

    floor: float | None = None
    """Lowest score of a negative: below, training learns nothing from it."""
    ceiling: float | None = None
    """Highest score of a negative: above, it is likely a false negative."""
    relative: float | None = None
    """Least distance below the positive's score, as a share of that score, in 0 to 1."""
    absolute: float | None = None
    """Least distance below the positive's score; a negative value allows scores above it."""
    positive: Literal["min", "mean"] = "min"
    """Which score represents the positives of a query."""
    strict: bool = False
    """Whether a score equal to a margin's limit is too high. The ends of the band always count as inside."""
    least_positive: float | None = None
    """A query whose best positive does not score above this gets no negatives: the encoder does not recognise the pair."""
    scores: Literal["encoder", "judge"] = "encoder"
    """Whose scores the margins compare with the positive's. The band always applies to the encoder's."""

    @property
    def below_positive(self) -> bool:
        """Whether the encoder's score of the positive limits that of a candidate."""
        return self.scores == "encoder" and (self.relative is not None or self.absolute is not None)

    def __post_init__(self) -> None:
        """Reject a band that keeps nothing, or a margin that keeps everything, by mistake."""
        if self.floor is not None and self.ceiling is not None and self.floor > self.ceiling:
            raise SettingsError(f"margin: the band from {self.floor} to {self.ceiling} is empty; expected floor <= ceiling")
        if self.relative is not None and not 0 <= self.relative <= 1:
            raise SettingsError(f"margin: relative = {self.relative}, expected 0 to 1 (0.05 keeps scores up to 95 %)")


MarginPreset = Literal["free", "uninote-band", "nv-percpos-0.95", "qwen-mean-margin", "unime2-judge"]

PRESETS: Mapping[MarginPreset, Margin] = MappingProxyType(
    {
        "free": Margin(),
        # UniNote (arXiv 2605.29287): 0.5 to 0.7, set by eye for Qwen3-VL-Embedding-8B. Calibrate it for another encoder.
        "uninote-band": Margin(floor=0.5, ceiling=0.7),
        # NV-Retriever (arXiv 2407.15831), TopK-PercPos: s < 0.95 p.
        "nv-percpos-0.95": Margin(relative=0.05, strict=True),
        # Qwen3-VL-Embedding (2026): s < mean(p) + delta, and some positive above a threshold. Neither number
        # is known to us: delta is 0 here, which is the tightest that its sign allows, and no query is dropped.
        "qwen-mean-margin": Margin(absolute=0.0, positive="mean", strict=True),
        # UniME-V2 (arXiv 2510.13515): false when the judge's s > p - 0.01.
        "unime2-judge": Margin(absolute=0.01, scores="judge"),
    }
)
"""The published rules. Source of the formulas: peers.md, C7 and 4.4."""
DEFAULT: MarginPreset = "nv-percpos-0.95"
"""Ours: the positive's own score is a limit for any encoder; a band belongs to the one that it was fitted for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MarginSettings:
    """A preset of the margin rule, and values that override it."""

    preset: MarginPreset | None = None
    """uninote-band, nv-percpos-0.95, qwen-mean-margin, unime2-judge, or free: no limits but those set here. None: the band of
    the encoder's preset if it has one, else nv-percpos-0.95."""
    floor: Annotated[float | None, Field(ge=-1, le=1)] = None
    """Lowest score of a negative; None: the preset's."""
    ceiling: Annotated[float | None, Field(ge=-1, le=1)] = None
    """Highest score of a negative; None: the preset's."""
    relative: Annotated[float | None, Field(ge=0, le=1)] = None
    """Least distance below the positive's score, as a share of that score; None: the preset's."""
    absolute: Annotated[float | None, Field(ge=-2, le=2)] = None
    """Least distance below the positive's score; a negative value allows scores above it; None: the preset's."""
    least_positive: Annotated[float | None, Field(ge=-1, le=1)] = None
    """Score that the best positive of a query must exceed, or the query gets no negatives; None: the preset's."""

    def margin(self) -> Margin:
        """The rule of these settings."""
        base = PRESETS[self.preset or DEFAULT]
        return Margin(
            floor=_first(self.floor, base.floor),
            ceiling=_first(self.ceiling, base.ceiling),
            relative=_first(self.relative, base.relative),
            absolute=_first(self.absolute, base.absolute),
            least_positive=_first(self.least_positive, base.least_positive),
            positive=base.positive,
            strict=base.strict,
            scores=base.scores,
        )


def in_band(scores: Numbers, margin: Margin) -> Mask:
    """Whether each score is in the band, ends included: [n] -> [n]. NaN (no score) is not."""
    low = -np.inf if margin.floor is None else margin.floor
    high = np.inf if margin.ceiling is None else margin.ceiling
    inside: Mask = (scores >= low) & (scores <= high)
    return inside


def below_margin(scores: Numbers, positives: Numbers, margin: Margin) -> Mask:
    """Whether each score is as far below its query's positives as the margins require.

    Args:
        scores: [n] of the candidates.
        positives: [n] `positive_scores` of each one's query; NaN without a scored positive: then no margin applies.
        margin: the rule.

    >>> below_margin(np.array([-0.22, -0.2]), np.array([-0.2, -0.2]), Margin(relative=0.05))
    array([ True, False])
    """
    limit = _margin_limits(positives, margin)
    fits: Mask = (scores < limit) if margin.strict else (scores <= limit)
    return fits | np.isnan(limit)


def exclusive_limits(positives: Numbers, margin: Margin) -> NDArray[np.float64]:
    """The score that a candidate of each query must be below, by the margins and the ceiling.

    Args:
        positives: [n] `positive_scores`; NaN without a scored positive: then no margin applies.
        margin: the rule.

    >>> exclusive_limits(np.array([0.8, np.nan]), Margin(relative=0.05, strict=True)).round(9)
    array([0.76,  inf])
    """
    limit = _margin_limits(positives, margin)
    limit = np.where(np.isnan(limit), np.inf, limit if margin.strict else np.nextafter(limit, np.inf))
    return limit if margin.ceiling is None else np.minimum(limit, np.nextafter(margin.ceiling, np.inf))


def _margin_limits(positives: Numbers, margin: Margin) -> NDArray[np.float64]:
    limit = np.full(len(positives), np.inf)
    if margin.absolute is not None:
        limit = np.minimum(limit, positives.astype(np.float64) - margin.absolute)
    if margin.relative is not None:
        limit = np.minimum(limit, positives.astype(np.float64) - np.abs(positives) * margin.relative)
    return limit


def positive_scores(
    positives: Numbers, owners: NDArray[np.integer], queries: int, margin: Margin
) -> tuple[NDArray[np.float64], Mask]:
    """The score that represents each query's positives, and whether the query's positives are too weak.

    Args:
        positives: [p] scores.
        owners: [p] the query of each, 0 to queries - 1.
        queries: how many there are.
        margin: min or mean, and the score that the best must exceed.

    Returns:
        [queries] the minimum or the mean, NaN without a scored positive; [queries] whether the best positive is too weak.
    """
    has_score = ~np.isnan(positives)
    scores, of = positives[has_score].astype(np.float64), owners[has_score]
    count = np.bincount(of, minlength=queries)
    most = np.full(queries, -np.inf)
    np.maximum.at(most, of, scores)
    if margin.positive == "mean":
        one = np.bincount(of, weights=scores, minlength=queries) / np.maximum(count, 1)
    else:
        one = np.full(queries, np.inf)
        np.minimum.at(one, of, scores)
    weak = np.zeros(queries, bool) if margin.least_positive is None else (count > 0) & ~(most > margin.least_positive)
    return np.where(count > 0, one, np.nan), weak


def _first(own: float | None, other: float | None) -> float | None:
    return other if own is None else own
