"""Calibration: map a judge's scores to the probability that a candidate is relevant, fitted on labelled pairs.

Reported metrics are cross-fitted: the probability of a labelled pair comes from a map that was fitted without its component.
The stored map is fitted on all labelled pairs.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Annotated, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from scipy.optimize import isotonic_regression, minimize_scalar
from scipy.special import expit, log_expit, logit

from schemas.errors import DataError
from schemas.settings import Seed

Numbers = NDArray[np.float64]
Flags = NDArray[np.bool_]
Groups = NDArray[np.int64]
Method = Literal["isotonic", "temperature"]

NEAREST = 1e-9
"""Scores are clipped to this distance from 0 and 1 before their logit: float32 logits give no more precision."""
TEMPERATURES = (-7.0, 7.0)
"""Range of the natural logarithm of the temperature."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CalibrationSettings:
    """Settings of the calibration and its report."""

    RENAMED: ClassVar[Mapping[str, str]] = {
        "least": "min_labels",
        "least_kappa": "min_kappa",
        "least_moved": "min_changed",
    }

    method: Method = "isotonic"
    """isotonic: any monotone map, for some hundred labels or more. temperature: sigmoid(logit(s) / T), one parameter, for fewer
    labels; it cannot change which scores are above 0.5."""
    folds: Annotated[int, Field(ge=2)] = 5
    """Folds of the labelled components; each gets its probabilities from a map of the others."""
    min_labels: Annotated[int, Field(ge=2)] = 30
    """Least number of relevant labels, and of other labels. Chosen by us: with fewer, a rate's interval exceeds 0.3."""
    threshold: Annotated[float, Field(gt=0, lt=1)] = 0.5
    """Least probability of a pair that is called relevant; the same as the guard's judge_ceiling."""
    min_kappa: Annotated[float, Field(ge=-1, le=1)] = 0.4
    """Least lower end of kappa's interval; below it the calibration is rejected: a bad judge is worse than none (peers.md,
    finding 5). Source: Landis and Koch (1977) call agreement from 0.4 on moderate."""
    min_changed: Annotated[float, Field(ge=0, le=1)] = 0.5
    """Least share of pairs with pictures that must change their score when the pictures are blank; below it a judge that reads
    pictures is rejected."""
    bins: Annotated[int, Field(ge=2)] = 10
    """Bins of the reliability curve and of the expected calibration error."""
    draws: Annotated[int, Field(ge=100)] = 1000
    """Bootstrap resamples of the intervals."""
    confidence: Annotated[float, Field(gt=0, lt=1)] = 0.95
    """Confidence of the intervals, two-sided."""
    seed: Seed = 0
    """Seed of folds and resamples."""


@dataclass(frozen=True, slots=True)
class CalibrationMap:
    """Scores to probabilities: linear interpolation between knots, or a temperature."""

    method: Method
    scores: tuple[float, ...] = ()
    """Scores of the knots, ascending."""
    probabilities: tuple[float, ...] = ()
    """Probabilities of the knots, never falling; constant outside the outer knots."""
    temperature: float = 1.0

    def __call__(self, scores: Numbers) -> Numbers:
        """[n] -> [n], in 0 to 1; NaN stays NaN."""
        if self.method == "temperature":
            return np.asarray(expit(_logits(scores) / self.temperature), np.float64)
        return np.asarray(np.interp(scores, self.scores, self.probabilities), np.float64)


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreCalibration:
    """A calibration map, its judge, and whether it may be used. Stored as judge_calibration.json."""

    model: str
    """Judge.model."""
    prompt_hash: str
    map: CalibrationMap
    threshold: float
    labels: int
    relevant: int
    usable: bool
    """Whether the judge has passed; a judge that has not stays uncalibrated."""
    why: str
    """The metric that it has passed or failed."""
    numbers: dict[str, float] = field(default_factory=dict)
    """Metrics, for later reference."""

    def to_json(self) -> str:
        """The calibration as JSON."""
        return json.dumps(asdict(self), indent=1, sort_keys=True, ensure_ascii=False)

    @staticmethod
    def from_json(text: str, model: str, prompt_hash: str) -> "ScoreCalibration":
        """Parse a stored calibration.

        Raises:
            DataError: it belongs to another judge or question, or is damaged.
        """
        try:
            raw = json.loads(text)
            curve = raw.pop("map")
            curve_map = CalibrationMap(**curve | {name: tuple(curve[name]) for name in ("scores", "probabilities")})
            stored = ScoreCalibration(map=curve_map, **raw)
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise DataError(f"judge calibration: not a calibration file of this project ({error}); calibrate again") from None
        if (stored.model, stored.prompt_hash) != (model, prompt_hash):
            raise DataError(
                f"judge calibration: fitted for {stored.model} and question {stored.prompt_hash}, but the judge is {model} "
                f"with question {prompt_hash}; calibrate again"
            )
        return stored


def fit_map(scores: Numbers, relevant: Flags, method: Method) -> CalibrationMap:
    """Fit a map to labelled scores.

    Isotonic: isotonic regression (scipy), equal scores pooled; each step is flat from its first score to its last, with
    linear interpolation between steps.
    Temperature: maximum likelihood.

    Cost: one sort.
    """
    return _temperature(scores, relevant) if method == "temperature" else _isotonic(scores, relevant)


def cross_fit(scores: Numbers, relevant: Flags, groups: Groups, settings: CalibrationSettings) -> Numbers:
    """[n] the probability of each pair by a map that was fitted without its group. Cost: `folds` fits.

    Raises:
        DataError: too few labels of one kind, or all of them in one group.
    """
    check_labels(relevant, settings.min_labels)
    fold = folds(groups, settings.folds, settings.seed)
    out = np.full(len(scores), np.nan)
    for one in np.unique(fold):
        others = fold != one
        if not relevant[others].any() or relevant[others].all():
            raise DataError(
                f"calibration: without the {int((~others).sum())} pairs of fold {int(one)} all labels are of one kind: label "
                "pairs of more components"
            )
        out[~others] = fit_map(scores[others], relevant[others], settings.method)(scores[~others])
    return out


def check_labels(relevant: Flags, min_labels: int) -> None:
    """Reject a calibration on too few labels.

    Raises:
        DataError: there are too few; with their number and the least number.
    """
    positives, negatives = int(relevant.sum()), int((~relevant).sum())
    if min(positives, negatives) < min_labels:
        raise DataError(
            f"calibration: {positives} labelled pairs are relevant and {negatives} are not; calibrate.min_labels is "
            f"{min_labels} of each: label more pairs of both kinds"
        )


def folds(groups: Groups, count: int, seed: int) -> NDArray[np.int64]:
    """[n] the fold of each pair, 0 to count - 1: shuffled groups, largest first, each added to the smallest fold so far."""
    names, numbered, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    shuffled = np.random.default_rng(seed).permutation(len(names))
    fold, fold_sizes = np.zeros(len(names), np.int64), np.zeros(count, np.int64)
    for group in shuffled[np.argsort(-sizes[shuffled], kind="stable")].tolist():
        fold[group] = int(fold_sizes.argmin())
        fold_sizes[fold[group]] += sizes[group]
    return fold[numbered]


def _isotonic(scores: Numbers, relevant: Flags) -> CalibrationMap:
    distinct, at = np.unique(scores, return_inverse=True)
    weights = np.bincount(at).astype(np.float64)
    shares = np.bincount(at, weights=relevant.astype(np.float64)) / weights
    regression = isotonic_regression(shares, weights=weights)
    starts = regression.blocks[:-1]
    knots = np.unique(np.concatenate([starts, regression.blocks[1:] - 1]))
    return CalibrationMap("isotonic", tuple(distinct[knots].tolist()), tuple(np.clip(regression.x[knots], 0.0, 1.0).tolist()))


def _temperature(scores: Numbers, relevant: Flags) -> CalibrationMap:
    logits = np.where(relevant, 1.0, -1.0) * _logits(scores)
    optimum = minimize_scalar(lambda log_t: -log_expit(logits * np.exp(-log_t)).sum(), bounds=TEMPERATURES, method="bounded")
    return CalibrationMap("temperature", temperature=float(np.exp(optimum.x)))


def _logits(scores: Numbers) -> Numbers:
    return np.asarray(logit(np.clip(scores, NEAREST, 1 - NEAREST)), np.float64)
