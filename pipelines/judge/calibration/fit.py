"""A judge's scores -> the probability that a candidate is relevant, by labelled pairs; and what that is worth.

What is reported is cross-fitted: every labelled pair is told by a map that was fitted without its component. The map that
is kept is fitted on all of them.
"""

import json
from dataclasses import asdict, dataclass, field
from typing import Annotated, Literal

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
"""How near to 0 and 1 a score is taken to be for its logit: a score of float32 logits does not come nearer and mean it."""
TEMPERATURES = (-7.0, 7.0)
"""Natural logarithms of the temperatures that are tried."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibrate:
    """Settings of `calibrated` and of what is reported of it."""

    method: Method = "isotonic"
    """isotonic: any rising map, for some hundred labels and more. temperature: sigmoid(logit(s) / T), one number, for fewer; it
    cannot move the score at which a judge is of two minds."""
    folds: Annotated[int, Field(ge=2)] = 5
    """Parts of the labelled components; each is told by the map of the others."""
    least: Annotated[int, Field(ge=2)] = 30
    """Relevant labels, and others, that a calibration takes. Ours: below, the interval of a rate is wider than 0.3."""
    threshold: Annotated[float, Field(gt=0, lt=1)] = 0.5
    """A pair that is at least this likely is called relevant; the guard's judge_ceiling is the same."""
    least_kappa: Annotated[float, Field(ge=-1, le=1)] = 0.4
    """Lower end of the interval of kappa below which the calibration is refused: a bad judge is worse than none (peers.md,
    finding 5). 0.4 is where Landis and Koch (1977) begin to call agreement moderate."""
    least_moved: Annotated[float, Field(ge=0, le=1)] = 0.5
    """Share of the pairs with pictures whose score changes when they are blank, below which a judge that looks is refused."""
    bins: Annotated[int, Field(ge=2)] = 10
    """Of the reliability curve and the expected calibration error."""
    draws: Annotated[int, Field(ge=100)] = 1000
    """Resamples of the intervals."""
    confidence: Annotated[float, Field(gt=0, lt=1)] = 0.95
    """Of the intervals, two-sided."""
    seed: Seed = 0
    """Of folds and resamples."""


@dataclass(frozen=True, slots=True)
class Map:
    """Scores to probabilities: straight lines between knots, or a temperature."""

    method: Method
    scores: tuple[float, ...] = ()
    """Of the knots, rising."""
    probabilities: tuple[float, ...] = ()
    """At the knots, never falling; beyond the outer knots the outer ones."""
    temperature: float = 1.0

    def __call__(self, scores: Numbers) -> Numbers:
        """[n] -> [n], in 0 to 1; NaN stays NaN."""
        if self.method == "temperature":
            return np.asarray(expit(_logits(scores) / self.temperature), np.float64)
        return np.asarray(np.interp(scores, self.scores, self.probabilities), np.float64)


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """A map, whose it is, and whether it may be used. Stored as judge_calibration.json."""

    model: str
    """Judge.model."""
    prompt_hash: str
    map: Map
    threshold: float
    labels: int
    relevant: int
    usable: bool
    """Whether the judge has passed: a judge that has not stays uncalibrated."""
    why: str
    """What it has passed or failed."""
    numbers: dict[str, float] = field(default_factory=dict)
    """What was measured, for the last words of later runs."""

    def to_json(self) -> str:
        """For a file."""
        return json.dumps(asdict(self), indent=1, sort_keys=True, ensure_ascii=False)

    @staticmethod
    def from_json(text: str, model: str, prompt_hash: str) -> "Calibration":
        """Read it again.

        Raises:
            DataError: it is of another judge or question, or damaged.
        """
        try:
            raw = json.loads(text)
            curve = raw.pop("map")
            made = Map(**curve | {name: tuple(curve[name]) for name in ("scores", "probabilities")})
            found = Calibration(map=made, **raw)
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise DataError(f"judge calibration: not one of this project ({error}); calibrate again") from None
        if (found.model, found.prompt_hash) != (model, prompt_hash):
            raise DataError(
                f"judge calibration: fitted for {found.model} and question {found.prompt_hash}, but the judge is {model} with "
                f"question {prompt_hash}; calibrate again"
            )
        return found


def fitted(scores: Numbers, relevant: Flags, method: Method) -> Map:
    """The map of the labelled scores.

    Isotonic: the rising step function of least squares (scipy), equal scores taken together; each step is flat from its first
    score to its last, with straight lines between.
    Temperature: of the highest likelihood.

    Cost: one sort.
    """
    return _temperature(scores, relevant) if method == "temperature" else _isotonic(scores, relevant)


def cross_fitted(scores: Numbers, relevant: Flags, groups: Groups, settings: Calibrate) -> Numbers:
    """[n] the probability of each pair by a map that saw no pair of its group. Cost: `folds` fits.

    Raises:
        DataError: too few labels of one kind, or all of them in one group.
    """
    check_labels(relevant, settings.least)
    fold = folds(groups, settings.folds, settings.seed)
    out = np.full(len(scores), np.nan)
    for one in np.unique(fold):
        others = fold != one
        if not relevant[others].any() or relevant[others].all():
            raise DataError(
                f"calibration: without the {int((~others).sum())} pairs of fold {int(one)} all labels are of one kind: label "
                "pairs of more components"
            )
        out[~others] = fitted(scores[others], relevant[others], settings.method)(scores[~others])
    return out


def check_labels(relevant: Flags, least: int) -> None:
    """Refuse to promise anything on few labels.

    Raises:
        DataError: with how many there are and how many it takes.
    """
    positives, negatives = int(relevant.sum()), int((~relevant).sum())
    if min(positives, negatives) < least:
        raise DataError(
            f"calibration: {positives} labelled pairs are relevant and {negatives} are not; calibrate.least is {least} of "
            "each: label more pairs, both kinds"
        )


def folds(groups: Groups, count: int, seed: int) -> NDArray[np.int64]:
    """[n] the fold of each pair, 0 to count - 1: groups, shuffled, dealt out by falling size to the smallest fold so far."""
    names, numbered, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    shuffled = np.random.default_rng(seed).permutation(len(names))
    place, held = np.zeros(len(names), np.int64), np.zeros(count, np.int64)
    for group in shuffled[np.argsort(-sizes[shuffled], kind="stable")].tolist():
        place[group] = int(held.argmin())
        held[place[group]] += sizes[group]
    return place[numbered]


def _isotonic(scores: Numbers, relevant: Flags) -> Map:
    distinct, at = np.unique(scores, return_inverse=True)
    weights = np.bincount(at).astype(np.float64)
    shares = np.bincount(at, weights=relevant.astype(np.float64)) / weights
    found = isotonic_regression(shares, weights=weights)
    starts = found.blocks[:-1]
    knots = np.unique(np.concatenate([starts, found.blocks[1:] - 1]))
    return Map("isotonic", tuple(distinct[knots].tolist()), tuple(np.clip(found.x[knots], 0.0, 1.0).tolist()))


def _temperature(scores: Numbers, relevant: Flags) -> Map:
    logits = np.where(relevant, 1.0, -1.0) * _logits(scores)
    found = minimize_scalar(lambda log_t: -log_expit(logits * np.exp(-log_t)).sum(), bounds=TEMPERATURES, method="bounded")
    return Map("temperature", temperature=float(np.exp(found.x)))


def _logits(scores: Numbers) -> Numbers:
    return np.asarray(logit(np.clip(scores, NEAREST, 1 - NEAREST)), np.float64)
