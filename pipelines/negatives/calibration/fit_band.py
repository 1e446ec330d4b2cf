"""The band and the margins of one encoder, fitted on labelled candidates by a target share of false negatives.

A similarity means something else in each encoder, so a band is a setting of an encoder and not of
the method. What is held below the target is not the share that the sample shows but the upper end
of its confidence interval (Clopper, Pearson 1934): with few labels nothing is promised. Thresholds
are tried from the safest on, up to the first that fails: the confidence is that of one test, however
many were tried (fixed sequence testing; Angelopoulos et al. 2021, "Learn then test").
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
from pipelines.negatives.filters.score_margins import Margin, standing
from schemas.errors import DataError

Numbers = NDArray[np.float64]
Flags = NDArray[np.bool_]
STEPS = 200
"""Thresholds that are tried: so many quantiles of the sample."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibrate:
    """Settings of `calibrated`."""

    target: Annotated[float, Field(gt=0, lt=1)] = 0.01
    """Share of false negatives among the negatives that must not be exceeded. Ours: at eight negatives, one query in twelve."""
    confidence: Annotated[float, Field(gt=0, lt=1)] = 0.95
    """How sure that is, one-sided."""
    negatives: Annotated[int, Field(ge=1)] = 8
    """Negatives that a query wants; tau_min is as high as this allows."""
    full: Annotated[float, Field(gt=0, le=1)] = 0.9
    """Share of the queries that must find so many in the band."""


@dataclass(frozen=True, slots=True)
class Labels:
    """Candidates that a person, a judge or a planted truth has labelled, as the search offers them."""

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
class Calibration:
    """What was fitted; stored as JSON beside the encoder's vectors."""

    fingerprint: str
    """The encoder's: a calibration is no good for another."""
    target: float
    confidence: float
    labels: int
    """Labelled candidates."""
    false_negatives: int
    """Of them, relevant ones."""
    tau_min: float
    tau_max: float
    in_band: int
    """Labelled candidates in the band."""
    false_in_band: int
    """Relevant ones in the band."""
    upper: float
    """Upper end of the interval of the share of false negatives in the band."""
    full: float
    """Share of the sample's queries that find as many negatives as wanted in the band, 0 to 1."""
    relative: float | None
    """Smallest relative margin, alone and without a ceiling, that holds the target; None: none of those tried does."""
    absolute: float | None
    """The same of the absolute margin."""

    def to_json(self) -> str:
        """One line."""
        return json.dumps(asdict(self), sort_keys=True)

    @staticmethod
    def from_json(text: str, fingerprint: str) -> "Calibration":
        """Read it again.

        Raises:
            DataError: it was fitted for another encoder.
        """
        found = Calibration(**json.loads(text))
        if found.fingerprint != fingerprint:
            raise DataError(
                f"calibration: fitted for encoder {found.fingerprint}, but the vectors are of {fingerprint}; calibrate again"
            )
        return found


def needed(target: float, confidence: float) -> int:
    """Labels without one false negative that it takes to promise the target: 299 for 1 % at 95 %."""
    return math.ceil(math.log(1 - confidence) / math.log(1 - target))


def highest_share(false: int, of: int, confidence: float) -> float:
    """Upper end of the one-sided Clopper-Pearson interval; 1 for a sample of none."""
    return 1.0 if false >= of else float(beta.ppf(confidence, false + 1, of - false))


def calibrated(labels: Labels, fingerprint: str, settings: Calibrate) -> tuple[Calibration, pa.Table]:
    """Fit the band, and each margin alone.

    tau_max is raised as long as the target holds: the hardest negatives. tau_min follows from tau_max,
    as high as leaves `full` of the queries their negatives.

    Returns:
        The calibration, and the HISTOGRAM of the sample.

    Raises:
        DataError: too few labels, no positives, or no band that holds the target.

    Cost: STEPS passes over the labels, sorted.
    """
    least = needed(settings.target, settings.confidence)
    if len(labels.similarity) < least or not len(labels.positives):
        raise DataError(
            f"calibration: {len(labels.similarity)} labelled candidates and {len(labels.positives)} positives; a share of "
            f"{settings.target:g} false negatives at {settings.confidence:g} confidence takes at least {least} candidates "
            "and one positive: label more, or raise the target"
        )
    (tau_min, tau_max), inside, upper = _band(labels, settings, least)
    query = _numbered(labels.queries)
    rise = {name: _margin(labels, settings, drop) for name, drop in _DROPS.items()}
    fitted = Calibration(
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
        **rise,
    )
    relevant = labels.relevant
    return fitted, histogram(labels.positives, labels.similarity[relevant], labels.similarity[~relevant])


def _band(labels: Labels, settings: Calibrate, least: int) -> tuple[tuple[float, float], Flags, float]:
    """The last band that holds the target, from the lowest tau_max on whose band has labels enough for one false one."""
    query, found, best = _numbered(labels.queries), None, 1.0
    bands = []
    for tau_max in np.unique(np.quantile(labels.similarity, np.linspace(0, 1, STEPS + 1), method="lower")).tolist():
        tau_min = _floor(query, labels.similarity, tau_max, settings)
        bands.append((tau_min, tau_max, (labels.similarity >= tau_min) & (labels.similarity <= tau_max)))
    most = max(int(inside.sum()) for *_, inside in bands)
    for tau_min, tau_max, inside in bands:
        if inside.sum() < min(2 * least, most):
            continue
        upper = highest_share(int((inside & labels.relevant).sum()), int(inside.sum()), settings.confidence)
        best = min(best, upper)
        if upper > settings.target:
            break
        found = (tau_min, tau_max), inside, upper
    if found is None:
        raise DataError(
            f"calibration: no band holds {settings.target:g} false negatives; {len(labels.similarity)} labels can be sure of "
            f"{best:.3g} (a band needs {least} of its own): label more candidates, or raise the target"
        )
    return found


def _floor(query: NDArray[np.int64], similarity: Numbers, tau_max: float, settings: Calibrate) -> float:
    """The highest floor that leaves `full` of the queries their negatives below tau_max; else the lowest similarity."""
    fits = np.flatnonzero(similarity <= tau_max)
    order = fits[np.lexsort((-similarity[fits], query[fits]))]
    count = np.bincount(query[order], minlength=query.max() + 1)
    place = np.arange(len(order)) - (np.cumsum(count) - count)[query[order]]
    eighth = np.full(len(count), -np.inf)
    last = place == settings.negatives - 1
    eighth[query[order][last]] = similarity[order][last]
    floor = float(np.sort(eighth)[len(eighth) - math.ceil(round(settings.full * len(eighth), 9))])
    return floor if np.isfinite(floor) else float(similarity.min())


_DROPS: dict[str, Callable[[Numbers, Numbers], Numbers]] = {
    "relative": lambda p, s: (p - s) / np.maximum(np.abs(p), np.finfo(np.float64).tiny),
    "absolute": lambda p, s: p - s,
}
"""By how much a candidate stays below its positive, as `margins` measures it."""


def _margin(labels: Labels, settings: Calibrate, drop: Callable[[Numbers, Numbers], Numbers]) -> float | None:
    """The smallest margin, from 0, down to which every one tried holds the target on what it keeps."""
    queries = int(max(labels.queries.max(), labels.positive_queries.max())) + 1
    one, _ = standing(labels.positives, labels.positive_queries, queries, Margin())
    below = drop(one[labels.queries], labels.similarity)
    known = np.isfinite(below)
    tried = np.quantile(below[known], np.linspace(0, 1, STEPS + 1), method="higher") if known.any() else np.zeros(0)
    found, least = None, needed(settings.target, settings.confidence)
    for margin in np.unique(np.concatenate([[0.0], tried[(tried > 0) & (tried <= 1)]]))[::-1].tolist():
        kept = known & (below >= margin)
        if kept.sum() < min(2 * least, known.sum()):
            continue
        if highest_share(int((kept & labels.relevant).sum()), int(kept.sum()), settings.confidence) > settings.target:
            break
        found = margin
    return found


def _numbered(queries: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.unique(queries, return_inverse=True)[1]
