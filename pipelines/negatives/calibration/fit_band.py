"""Fits the similarity band and the margins of one encoder on labelled candidates, for a target share of false negatives.

The same similarity means something else for each encoder, so a band is a setting of an encoder and not
of the method. Not the share of the sample is kept below the target but the upper end of its
confidence interval (Clopper, Pearson 1934): few labels prove nothing. Thresholds are tried from
the safest on, up to the first that fails: the confidence is that of one test, however many were tried
(fixed sequence testing; Angelopoulos et al. 2021, "Learn then test").
"""

import json
import math
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Annotated

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pydantic import Field
from scipy.stats import beta

from pipelines.negatives.calibration.similarity_histogram import histogram
from pipelines.negatives.filters.score_margins import Margin, positive_scores
from schemas.errors import DataError

Numbers = NDArray[np.float64]
Flags = NDArray[np.bool_]
STEPS = 200
"""Number of thresholds that are tried: quantiles of the sample."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FitBand:
    """Settings of the calibration of the band."""

    target: Annotated[float, Field(gt=0, lt=1)] = 0.01
    """Highest share of false negatives among the negatives. Ours: with eight negatives, one query in twelve has a false one."""
    confidence: Annotated[float, Field(gt=0, lt=1)] = 0.95
    """Confidence that the share is below the target, one-sided."""
    negatives: Annotated[int, Field(ge=1)] = 8
    """Negatives of a query that the band must contain; tau_min is as high as this allows."""
    full: Annotated[float, Field(gt=0, le=1)] = 0.9
    """Share of the queries that must have so many candidates in the band."""


@dataclass(frozen=True, slots=True)
class LabelledCandidates:
    """Candidates of a search, labelled by a person, a judge or a planted truth."""

    queries: NDArray[np.int64]
    """[n] the query of each candidate."""
    similarity: Numbers
    """[n]."""
    relevant: Flags
    """[n] whether it is a false negative."""
    positive_queries: NDArray[np.int64]
    """[p] the query of each positive."""
    positives: Numbers
    """[p] its similarity."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FittedBand:
    """A fitted band and margins; stored as calibration.json in the workspace."""

    fingerprint: str
    """Of the encoder: the band is invalid for another one."""
    target: float
    confidence: float
    labels: int
    """Number of labelled candidates."""
    false_negatives: int
    """Number of relevant ones among them."""
    tau_min: float
    tau_max: float
    in_band: int
    """Labelled candidates in the band."""
    false_in_band: int
    """Relevant ones in the band."""
    upper: float
    """Upper end of the interval of the share of false negatives in the band."""
    full: float
    """Share of the sample's queries with as many candidates in the band as required, 0 to 1."""
    relative: float | None
    """Smallest relative margin that alone, without a ceiling, meets the target; None: none of those tried does."""
    absolute: float | None
    """The same for the absolute margin."""

    def to_json(self) -> str:
        """Serialise to one line."""
        return json.dumps(asdict(self), sort_keys=True)

    @staticmethod
    def from_json(text: str, fingerprint: str) -> "FittedBand":
        """Parse what `to_json` wrote.

        Raises:
            DataError: it was fitted for another encoder.
        """
        band = FittedBand(**json.loads(text))
        if band.fingerprint != fingerprint:
            raise DataError(
                f"calibration: fitted for encoder {band.fingerprint}, but the vectors are of {fingerprint}; calibrate again"
            )
        return band


def labels_needed(target: float, confidence: float) -> int:
    """Number of labels, none of them a false negative, that prove the target: 299 for 1 % at 95 %."""
    return math.ceil(math.log(1 - confidence) / math.log(1 - target))


def upper_bound(false: int, total: int, confidence: float) -> float:
    """Upper end of the one-sided Clopper-Pearson interval; 1 for an empty sample."""
    return 1.0 if false >= total else float(beta.ppf(confidence, false + 1, total - false))


def fit_band(labels: LabelledCandidates, fingerprint: str, settings: FitBand) -> tuple[FittedBand, pa.Table]:
    """Fit the band, and each margin alone.

    tau_max is raised as long as the target is met, for the hardest negatives. tau_min follows from tau_max:
    as high as possible while `full` of the queries have their negatives.

    Returns:
        The band, and the HISTOGRAM of the sample.

    Raises:
        DataError: too few labels, no positives, or no band that meets the target.

    Cost: STEPS passes over the labels, sorted.
    """
    least = labels_needed(settings.target, settings.confidence)
    if len(labels.similarity) < least or not len(labels.positives):
        raise DataError(
            f"calibration: {len(labels.similarity)} labelled candidates and {len(labels.positives)} positives; a share of "
            f"{settings.target:g} false negatives at {settings.confidence:g} confidence needs at least {least} candidates "
            "and one positive: label more, or raise the target"
        )
    (tau_min, tau_max), inside, upper = _band(labels, settings, least)
    query = _numbered(labels.queries)
    margins = {name: _margin(labels, settings, drop) for name, drop in _DROPS.items()}
    fitted = FittedBand(
        fingerprint=fingerprint,
        target=settings.target,
        confidence=settings.confidence,
        labels=len(labels.similarity),
        false_negatives=int(labels.relevant.sum()),
        tau_min=tau_min,
        tau_max=tau_max,
        in_band=int(inside.sum()),
        false_in_band=int((inside & labels.relevant).sum()),
        upper=upper,
        full=float((np.bincount(query[inside], minlength=query.max() + 1) >= settings.negatives).mean()),
        **margins,
    )
    relevant = labels.relevant
    return fitted, histogram(labels.positives, labels.similarity[relevant], labels.similarity[~relevant])


def _band(labels: LabelledCandidates, settings: FitBand, least: int) -> tuple[tuple[float, float], Flags, float]:
    """The last band that meets the target, from the lowest tau_max on whose band has labels enough for one false one."""
    query, band, lowest = _numbered(labels.queries), None, 1.0
    bands = []
    for tau_max in np.unique(np.quantile(labels.similarity, np.linspace(0, 1, STEPS + 1), method="lower")).tolist():
        tau_min = _floor(query, labels.similarity, tau_max, settings)
        bands.append((tau_min, tau_max, (labels.similarity >= tau_min) & (labels.similarity <= tau_max)))
    most = max(int(inside.sum()) for *_, inside in bands)
    for tau_min, tau_max, inside in bands:
        if inside.sum() < min(2 * least, most):
            continue
        upper = upper_bound(int((inside & labels.relevant).sum()), int(inside.sum()), settings.confidence)
        lowest = min(lowest, upper)
        if upper > settings.target:
            break
        band = (tau_min, tau_max), inside, upper
    if band is None:
        raise DataError(
            f"calibration: no similarity band keeps false negatives below {100 * settings.target:g} % at "
            f"{100 * settings.confidence:g} % confidence with {len(labels.similarity)} labels; the lowest upper bound is "
            f"{100 * lowest:.3g} % (at least {least} labels must fall in the band): label more candidates, or raise the target"
        )
    return band


def _floor(query: NDArray[np.int64], similarity: Numbers, tau_max: float, settings: FitBand) -> float:
    """The highest floor at which `full` of the queries have their negatives below tau_max; else the lowest similarity."""
    fits = np.flatnonzero(similarity <= tau_max)
    order = fits[np.lexsort((-similarity[fits], query[fits]))]
    count = np.bincount(query[order], minlength=query.max() + 1)
    place = np.arange(len(order)) - (np.cumsum(count) - count)[query[order]]
    last_similarity = np.full(len(count), -np.inf)
    last = place == settings.negatives - 1
    last_similarity[query[order][last]] = similarity[order][last]
    floor = float(np.sort(last_similarity)[len(last_similarity) - math.ceil(round(settings.full * len(last_similarity), 9))])
    return floor if np.isfinite(floor) else float(similarity.min())


_DROPS: dict[str, Callable[[Numbers, Numbers], Numbers]] = {
    "relative": lambda p, s: (p - s) / np.maximum(np.abs(p), np.finfo(np.float64).tiny),
    "absolute": lambda p, s: p - s,
}
"""Distance of a candidate below its positive, as `score_margins` measures it."""


def _margin(labels: LabelledCandidates, settings: FitBand, drop: Callable[[Numbers, Numbers], Numbers]) -> float | None:
    """The smallest margin such that it and all larger ones that are tried meet the target on what they keep."""
    queries = int(max(labels.queries.max(), labels.positive_queries.max())) + 1
    limit, _ = positive_scores(labels.positives, labels.positive_queries, queries, Margin())
    below = drop(limit[labels.queries], labels.similarity)
    scored = np.isfinite(below)
    tried = np.quantile(below[scored], np.linspace(0, 1, STEPS + 1), method="higher") if scored.any() else np.zeros(0)
    smallest, least = None, labels_needed(settings.target, settings.confidence)
    for margin in np.unique(np.concatenate([[0.0], tried[(tried > 0) & (tried <= 1)]]))[::-1].tolist():
        kept = scored & (below >= margin)
        if kept.sum() < min(2 * least, scored.sum()):
            continue
        if upper_bound(int((kept & labels.relevant).sum()), int(kept.sum()), settings.confidence) > settings.target:
            break
        smallest = margin
    return smallest


def _numbered(queries: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.unique(queries, return_inverse=True)[1]
