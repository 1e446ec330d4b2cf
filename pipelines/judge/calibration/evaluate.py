"""All that labelled pairs say of a judge: for the page, the last words and the decision whether to use it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import spearmanr

from pipelines.judge.calibration.agreement_metrics import (
    Bins,
    Interval,
    Ties,
    calibration_error,
    corrected_rate,
    kappa_interval,
    reliability,
    roc_auc,
    roc_curve,
    ties,
)
from pipelines.judge.calibration.control_questions import Control, Moved, moved
from pipelines.judge.calibration.fit import Calibrate, Calibration, Map, cross_fitted, fitted

Numbers = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Labelled:
    """Pairs with a score and a label, and the negatives that have none or whose label is not used."""

    scores: Numbers
    """[n]."""
    relevant: Flags
    """[n]."""
    groups: NDArray[np.int64]
    """[n] the component of each pair's query."""
    tasks: NDArray[np.str_]
    """[n]."""
    negatives: Numbers
    """[m] scores of the written negatives: what the judge is for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What was found. Of `after` and of all verdicts: cross-fitted."""

    labels: int
    relevant: int
    auc: float
    by_task: dict[str, tuple[int, int, float]]
    """Pairs, relevant ones, ROC-AUC (NaN: one kind only)."""
    roc: tuple[Numbers, Numbers]
    error_before: float
    error_after: float
    before: Bins
    after: Bins
    kappa: Interval
    agreed: float
    """Share of the labels that the verdicts agree with."""
    rate: Interval
    """Share of the written negatives that is relevant, the judge's errors taken out."""
    apparent: float
    """The same, errors left in."""
    ties: Ties
    swap: Moved | None
    """None: no task of these pairs has a reverse."""
    swap_order: float
    """Spearman's rank correlation of the scores with their swapped ones."""
    blank: Moved | None
    """None: the judge does not look, or the pairs show no picture."""
    blank_auc: tuple[float, float]
    """ROC-AUC of the pairs of the blank-image control, as asked and blank."""
    histogram: tuple[NDArray[np.int64], NDArray[np.int64]]
    """Scores of relevant and of other pairs, in twenty bins over 0 to 1."""


BARS = 20


def measured(
    labelled: Labelled, swap: Control | None, blank: Control | None, settings: Calibrate, names: tuple[str, str]
) -> tuple[Calibration, Measured]:
    """Fit the map and say what it is worth.

    Args:
        labelled: the pairs.
        swap: scores of some of them with query and candidate in each other's place.
        blank: scores of some of them with grey pictures.
        settings: method, folds, threshold and what a judge must reach.
        names: the judge's model and prompt_hash.

    Raises:
        DataError: too few labels.
    """
    scores, relevant, groups = labelled.scores, labelled.relevant, labelled.groups
    told = cross_fitted(scores, relevant, groups, settings)
    said = told >= settings.threshold
    whole = fitted(scores, relevant, settings.method)
    steering = (settings.draws, settings.confidence, settings.seed)
    negatives = whole(labelled.negatives) >= settings.threshold
    found = Measured(
        labels=len(scores),
        relevant=int(relevant.sum()),
        auc=roc_auc(scores, relevant),
        by_task=_by_task(labelled),
        roc=roc_curve(scores, relevant),
        error_before=calibration_error(scores, relevant, settings.bins),
        error_after=calibration_error(told, relevant, settings.bins),
        before=reliability(scores, relevant, settings.bins),
        after=reliability(told, relevant, settings.bins),
        kappa=kappa_interval(said, relevant, groups, *steering),
        agreed=float((said == relevant).mean()),
        rate=corrected_rate(negatives, said, relevant, groups, *steering),
        apparent=float(negatives.mean()) if len(negatives) else float("nan"),
        ties=ties(scores),
        swap=_moved(swap, whole, settings) if swap else None,
        swap_order=_order(swap),
        blank=_moved(blank, whole, settings) if blank else None,
        blank_auc=_aucs(blank),
        histogram=(_bars(scores[relevant]), _bars(scores[~relevant])),
    )
    usable, why = verdict(found, settings)
    calibration = Calibration(
        model=names[0],
        prompt_hash=names[1],
        map=whole,
        threshold=settings.threshold,
        labels=found.labels,
        relevant=found.relevant,
        usable=usable,
        why=why,
        numbers=_numbers(found),
    )
    return calibration, found


def verdict(found: Measured, settings: Calibrate) -> tuple[bool, str]:
    """Whether the judge has passed, and the number that says so."""
    if found.blank is not None and found.blank.pairs and found.blank.moved < settings.least_moved:
        return False, (
            f"blank pictures changed the score of {found.blank.moved:.0%} of {found.blank.pairs} pairs, fewer than "
            f"calibrate.least_moved = {settings.least_moved:.0%}: the judge does not see them"
        )
    if not found.kappa.low >= settings.least_kappa:
        return False, (
            f"kappa {found.kappa.value:.3f} may be as low as {found.kappa.low:.3f}, below calibrate.least_kappa = "
            f"{settings.least_kappa:g}"
        )
    return True, f"kappa {found.kappa.value:.3f} ({found.kappa.low:.3f} to {found.kappa.high:.3f}) on {found.labels} labels"


def _numbers(found: Measured) -> dict[str, float]:
    told = {
        "auc": found.auc,
        "error_before": found.error_before,
        "error_after": found.error_after,
        "kappa": found.kappa.value,
        "kappa_low": found.kappa.low,
        "kappa_high": found.kappa.high,
        "rate": found.rate.value,
        "rate_low": found.rate.low,
        "rate_high": found.rate.high,
        "tied": found.ties.tied,
    }
    return {name: round(value, 6) for name, value in told.items() if np.isfinite(value)}


def _by_task(labelled: Labelled) -> dict[str, tuple[int, int, float]]:
    out = {}
    for task in np.unique(labelled.tasks).tolist():
        mine = labelled.tasks == task
        relevant = labelled.relevant[mine]
        out[task] = (int(mine.sum()), int(relevant.sum()), roc_auc(labelled.scores[mine], relevant))
    return out


def _moved(control: Control, whole: Map, settings: Calibrate) -> Moved:
    before, after = (whole(side) >= settings.threshold for side in (control.before, control.after))
    return moved(control.before, control.after, (before, after))


def _order(control: Control | None) -> float:
    """NaN where there is nothing to order."""
    if control is None:
        return float("nan")
    both = np.isfinite(control.before) & np.isfinite(control.after)
    if both.sum() < 2 or np.ptp(control.before[both]) == 0 or np.ptp(control.after[both]) == 0:
        return float("nan")
    return float(spearmanr(control.before[both], control.after[both]).statistic)


def _aucs(control: Control | None) -> tuple[float, float]:
    if control is None:
        return float("nan"), float("nan")
    both = np.isfinite(control.before) & np.isfinite(control.after)
    relevant = control.relevant[both]
    return roc_auc(control.before[both], relevant), roc_auc(control.after[both], relevant)


def _bars(scores: Numbers) -> NDArray[np.int64]:
    return np.histogram(scores, bins=BARS, range=(0.0, 1.0))[0]
