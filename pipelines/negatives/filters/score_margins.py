"""How near to its positive a negative may score: one rule, and the published ones by name.

A candidate of score s is kept when it holds all of (p: the score of the query's positives)

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

Kept = NDArray[np.bool_]
Numbers = NDArray[np.floating]


@dataclass(frozen=True, slots=True, kw_only=True)
class Margin:
    """Settings of `kept`. What is None does not bind. Scores are cosines in -1 to 1, or a judge's 0 to 1."""

    floor: float | None = None
    """Lowest score of a negative: below, it teaches nothing."""
    ceiling: float | None = None
    """Highest score of a negative: above, it is likely a false one."""
    relative: float | None = None
    """Share of the positive's score that a negative stays below it, in 0 to 1."""
    absolute: float | None = None
    """Score that a negative stays below the positive; negative: that it may rise above it."""
    positive: Literal["min", "mean"] = "min"
    """Which score stands for a query with several positives."""
    strict: bool = False
    """Whether a score on the limit of a margin is already too high. The band's ends always count as inside."""
    least_positive: float | None = None
    """A query whose best positive does not score above this is given up: its encoder does not see the pair."""
    scores: Literal["encoder", "judge"] = "encoder"
    """Whose scores are compared with the positive's. The band is always the encoder's."""

    def __post_init__(self) -> None:
        """Refuse what keeps nothing, or everything, by mistake."""
        if self.floor is not None and self.ceiling is not None and self.floor > self.ceiling:
            raise SettingsError(f"margin: the band from {self.floor} to {self.ceiling} is empty; wanted floor <= ceiling")
        if self.relative is not None and not 0 <= self.relative <= 1:
            raise SettingsError(f"margin: relative = {self.relative}, wanted 0 to 1 (0.05 keeps scores up to 95 %)")


Preset = Literal["free", "uninote-band", "nv-percpos-0.95", "qwen-mean-margin", "unime2-judge"]

PRESETS: Mapping[Preset, Margin] = MappingProxyType(
    {
        "free": Margin(),
        # UniNote (arXiv 2605.29287): 0.5 to 0.7, set by eye for Qwen3-VL-Embedding-8B. Calibrate it for another encoder.
        "uninote-band": Margin(floor=0.5, ceiling=0.7),
        # NV-Retriever (arXiv 2407.15831), TopK-PercPos: s < 0.95 p.
        "nv-percpos-0.95": Margin(relative=0.05, strict=True),
        # Qwen3-VL-Embedding (2026): s < mean(p) + delta, and some positive above a threshold. Neither number
        # is known to us: delta is 0 here, which is the tightest that its sign allows, and no query is given up.
        "qwen-mean-margin": Margin(absolute=0.0, positive="mean", strict=True),
        # UniME-V2 (arXiv 2510.13515): false when the judge's s > p - 0.01.
        "unime2-judge": Margin(absolute=0.01, scores="judge"),
    }
)
"""The published rules. Source of the formulas: peers.md, C7 and 4.4."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MarginSettings:
    """A preset, and what of it is set otherwise."""

    preset: Preset = "uninote-band"
    """uninote-band, nv-percpos-0.95, qwen-mean-margin, unime2-judge, or free: nothing binds but what is set here."""
    floor: Annotated[float | None, Field(ge=-1, le=1)] = None
    """Lowest score of a negative; None: the preset's."""
    ceiling: Annotated[float | None, Field(ge=-1, le=1)] = None
    """Highest score of a negative; None: the preset's."""
    relative: Annotated[float | None, Field(ge=0, le=1)] = None
    """Share of the positive's score that a negative stays below it; None: the preset's."""
    absolute: Annotated[float | None, Field(ge=-2, le=2)] = None
    """Score that a negative stays below the positive; negative: rises above it; None: the preset's."""
    least_positive: Annotated[float | None, Field(ge=-1, le=1)] = None
    """Score that a query's best positive must exceed; None: the preset's."""

    def margin(self) -> Margin:
        """The rule that these settings say."""
        base = PRESETS[self.preset]
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


def in_band(scores: Numbers, margin: Margin) -> Kept:
    """Whether each score lies in the band, its ends included: [n] -> [n]. NaN, no score, does not."""
    low = -np.inf if margin.floor is None else margin.floor
    high = np.inf if margin.ceiling is None else margin.ceiling
    inside: Kept = (scores >= low) & (scores <= high)
    return inside


def below(scores: Numbers, positives: Numbers, margin: Margin) -> Kept:
    """Whether each score stays as far below its query's positive as the margins want.

    Args:
        scores: [n] of the candidates.
        positives: [n] what `standing` says for each one's query; NaN where no positive is scored: then no margin binds.
        margin: the rule.

    >>> below(np.array([-0.22, -0.2]), np.array([-0.2, -0.2]), Margin(relative=0.05))
    array([ True, False])
    """
    limit = np.full(len(scores), np.inf)
    if margin.absolute is not None:
        limit = np.minimum(limit, positives.astype(np.float64) - margin.absolute)
    if margin.relative is not None:
        limit = np.minimum(limit, positives.astype(np.float64) - np.abs(positives) * margin.relative)
    fits: Kept = (scores < limit) if margin.strict else (scores <= limit)
    return fits | np.isnan(limit)


def standing(positives: Numbers, owners: NDArray[np.integer], queries: int, margin: Margin) -> tuple[NDArray[np.float64], Kept]:
    """The score that stands for each query's positives, and whether the query is given up.

    Args:
        positives: [p] scores.
        owners: [p] the query of each, 0 to queries - 1.
        queries: how many there are.
        margin: min or mean, and the least that the best must exceed.

    Returns:
        [queries] the least or the mean, NaN without a scored positive; [queries] true where the query is given up.
    """
    known = ~np.isnan(positives)
    scores, of = positives[known].astype(np.float64), owners[known]
    count = np.bincount(of, minlength=queries)
    most = np.full(queries, -np.inf)
    np.maximum.at(most, of, scores)
    if margin.positive == "mean":
        one = np.bincount(of, weights=scores, minlength=queries) / np.maximum(count, 1)
    else:
        one = np.full(queries, np.inf)
        np.minimum.at(one, of, scores)
    given_up = np.zeros(queries, bool) if margin.least_positive is None else (count > 0) & ~(most > margin.least_positive)
    return np.where(count > 0, one, np.nan), given_up


def _first(own: float | None, other: float | None) -> float | None:
    return other if own is None else own
