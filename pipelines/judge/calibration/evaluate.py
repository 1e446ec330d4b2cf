"""Evaluation of a judge on labelled pairs: for the report page, the summary and the decision whether to use the judge."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import spearmanr

from pipelines.judge.calibration.agreement_metrics import (
    Interval,
    ScoreTies,
    corrected_rate,
    kappa_interval,
    roc_auc,
    roc_curve,
    ties,
)
from pipelines.judge.calibration.calibration_error import ReliabilityBins, calibration_error, error_floor, reliability
from pipelines.judge.calibration.control_questions import ControlScores, ScoreChange, score_change
from pipelines.judge.calibration.fit import CalibrationMap, CalibrationSettings, ScoreCalibration, cross_fit, fit_map
from pipelines.judge.calibration.refitted_rates import Rates, refitted_rates

Numbers = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelledPairs:
    """Pairs with a score and a label, and the scores of the written negatives."""

    scores: Numbers
    """[n]."""
    relevant: Flags
    """[n] labels."""
    groups: NDArray[np.int64]
    """[n] the component of each pair's query."""
    tasks: NDArray[np.str_]
    """[n]."""
    negatives: Numbers
    """[m] scores of the written negatives, labelled or not: the pairs that the judge has to filter."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """Metrics of a judge. `after` and all verdicts are cross-fitted."""

    labels: int
    relevant: int
    auc: float
    by_task: dict[str, tuple[int, int, float]]
    """Task -> pairs, relevant pairs, ROC-AUC (NaN: only one kind)."""
    roc: tuple[Numbers, Numbers]
    error_before: float
    error_after: float
    error_floor: float
    """Mean of `error_after` if the judge was perfectly calibrated: what chance alone makes."""
    before: ReliabilityBins
    after: ReliabilityBins
    kappa: Interval
    agreement: float
    """Share of pairs with the label as verdict."""
    rates: Rates
    rate: Interval
    """Share of the written negatives that is relevant, corrected for the judge's errors."""
    apparent: float
    """The same, not corrected."""
    ties: ScoreTies
    swap: ScoreChange | None
    """None: no task of these pairs has a reverse."""
    swap_correlation: float
    """Spearman's rank correlation of the scores with those of the swapped pairs."""
    blank: ScoreChange | None
    """None: the judge reads no pictures, or the pairs have none."""
    blank_auc: tuple[float, float]
    """ROC-AUC of the pairs of the blank-image control, with their pictures and with blank ones."""
    histogram: tuple[NDArray[np.int64], NDArray[np.int64]]
    """Scores of relevant and of other pairs, in BARS bins over 0 to 1."""


BARS = 20


def evaluate(
    labelled: LabelledPairs,
    swap: ControlScores | None,
    blank: ControlScores | None,
    settings: CalibrationSettings,
    names: tuple[str, str],
) -> tuple[ScoreCalibration, Evaluation]:
    """Fit the calibration map and evaluate it.

    Args:
        labelled: the pairs.
        swap: scores of some of them with query and candidate swapped.
        blank: scores of some of them with grey pictures.
        settings: method, folds, threshold and the requirements of a judge.
        names: the judge's model and prompt_hash.

    Raises:
        DataError: too few labels.
    """
    scores, relevant, groups = labelled.scores, labelled.relevant, labelled.groups
    probabilities = cross_fit(scores, relevant, groups, settings)
    verdicts = probabilities >= settings.threshold
    whole = fit_map(scores, relevant, settings.method)
    bootstrap = (settings.draws, settings.confidence, settings.seed)
    negatives = whole(labelled.negatives) >= settings.threshold
    evaluation = Evaluation(
        labels=len(scores),
        relevant=int(relevant.sum()),
        auc=roc_auc(scores, relevant),
        by_task=_by_task(labelled),
        roc=roc_curve(scores, relevant),
        error_before=calibration_error(scores, relevant, settings.bins),
        error_after=calibration_error(probabilities, relevant, settings.bins),
        error_floor=error_floor(probabilities, settings.bins, settings.seed),
        before=reliability(scores, relevant, settings.bins),
        after=reliability(probabilities, relevant, settings.bins),
        kappa=kappa_interval(verdicts, relevant, groups, *bootstrap),
        agreement=float((verdicts == relevant).mean()),
        rates=refitted_rates(scores, relevant, groups, verdicts, settings),
        rate=corrected_rate(negatives, verdicts, relevant, groups, *bootstrap),
        apparent=float(negatives.mean()) if len(negatives) else float("nan"),
        ties=ties(scores),
        swap=_change(swap, whole, settings) if swap else None,
        swap_correlation=_rank_correlation(swap),
        blank=_change(blank, whole, settings) if blank else None,
        blank_auc=_aucs(blank),
        histogram=(_bars(scores[relevant]), _bars(scores[~relevant])),
    )
    usable, why = verdict(evaluation, settings)
    calibration = ScoreCalibration(
        model=names[0],
        prompt_hash=names[1],
        map=whole,
        threshold=settings.threshold,
        labels=evaluation.labels,
        relevant=evaluation.relevant,
        usable=usable,
        why=why,
        numbers=_numbers(evaluation),
    )
    return calibration, evaluation


def verdict(evaluation: Evaluation, settings: CalibrationSettings) -> tuple[bool, str]:
    """Whether the judge has passed, and the metric that decides it."""
    kappa, blank = evaluation.kappa, evaluation.blank
    if blank is not None and blank.pairs and blank.changed < settings.min_changed:
        return False, (
            f"blank pictures changed the score of {blank.changed:.0%} of {blank.pairs} pairs, fewer than "
            f"calibrate.min_changed = {settings.min_changed:.0%}: the judge does not use the pictures"
        )
    if not kappa.low >= settings.min_kappa:
        return False, (
            f"kappa {kappa.value:.3f} may be as low as {kappa.low:.3f}, below calibrate.min_kappa = {settings.min_kappa:g}"
        )
    return True, f"kappa {kappa.value:.3f} ({kappa.low:.3f} to {kappa.high:.3f}) on {evaluation.labels} labels"


def _numbers(evaluation: Evaluation) -> dict[str, float]:
    numbers = {
        "auc": evaluation.auc,
        "error_before": evaluation.error_before,
        "error_after": evaluation.error_after,
        "error_floor": evaluation.error_floor,
        "tied": evaluation.ties.tied,
    }
    intervals = {"kappa": evaluation.kappa, "rate": evaluation.rate} | evaluation.rates._asdict()
    for name, one in intervals.items():
        numbers |= {name: one.value, f"{name}_low": one.low, f"{name}_high": one.high}
    return {name: round(value, 6) for name, value in numbers.items() if np.isfinite(value)}


def _by_task(labelled: LabelledPairs) -> dict[str, tuple[int, int, float]]:
    out = {}
    for task in np.unique(labelled.tasks).tolist():
        of_task = labelled.tasks == task
        relevant = labelled.relevant[of_task]
        out[task] = (int(of_task.sum()), int(relevant.sum()), roc_auc(labelled.scores[of_task], relevant))
    return out


def _change(control: ControlScores, whole: CalibrationMap, settings: CalibrationSettings) -> ScoreChange:
    before, after = (whole(side) >= settings.threshold for side in (control.before, control.after))
    return score_change(control.before, control.after, (before, after))


def _rank_correlation(control: ControlScores | None) -> float:
    """NaN if all scores are equal or there are fewer than two."""
    if control is None:
        return float("nan")
    both = np.isfinite(control.before) & np.isfinite(control.after)
    if both.sum() < 2 or np.ptp(control.before[both]) == 0 or np.ptp(control.after[both]) == 0:
        return float("nan")
    return float(spearmanr(control.before[both], control.after[both]).statistic)


def _aucs(control: ControlScores | None) -> tuple[float, float]:
    if control is None:
        return float("nan"), float("nan")
    both = np.isfinite(control.before) & np.isfinite(control.after)
    relevant = control.relevant[both]
    return roc_auc(control.before[both], relevant), roc_auc(control.after[both], relevant)


def _bars(scores: Numbers) -> NDArray[np.int64]:
    return np.histogram(scores, bins=BARS, range=(0.0, 1.0))[0]
