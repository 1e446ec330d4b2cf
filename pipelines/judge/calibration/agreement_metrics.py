"""Agreement of a judge with labels: metrics on arrays."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

Numbers = NDArray[np.float64]
Flags = NDArray[np.bool_]
Groups = NDArray[np.int64]

DRAWS_AT_A_TIME = 64
"""Resamples in memory at a time."""


@dataclass(frozen=True, slots=True)
class Interval:
    """An estimate and the ends of its interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class ScoreTies:
    """How fine the scores are: scores on a coarse grid order few pairs."""

    distinct: int
    """Number of distinct scores."""
    tied: float
    """Share of pairs that share their score with another pair."""
    largest: float
    """Share of pairs with the most common score."""


def roc_auc(scores: Numbers, relevant: Flags) -> float:
    """Area under the ROC curve: the probability that a relevant pair scores above another, ties counting half.

    NaN without pairs of both kinds.

    Cost: one sort.
    """
    positives, negatives = int(relevant.sum()), int((~relevant).sum())
    if not positives or not negatives:
        return float("nan")
    ranks = rankdata(scores)[relevant].sum()
    return float((ranks - positives * (positives + 1) / 2) / (positives * negatives))


def roc_curve(scores: Numbers, relevant: Flags) -> tuple[Numbers, Numbers]:
    """False and true positive rates, from (0, 0) to (1, 1), a point for each distinct score.

    Returns:
        [k + 1], [k + 1].
    """
    order = np.argsort(-scores, kind="stable")
    hits = np.cumsum(relevant[order])
    ends = np.append(np.flatnonzero(np.diff(scores[order])), len(order) - 1)
    true, false = hits[ends], ends + 1 - hits[ends]
    return (
        np.concatenate([[0.0], false / max(1, int((~relevant).sum()))]),
        np.concatenate([[0.0], true / max(1, int(relevant.sum()))]),
    )


def kappa(verdicts: Flags, relevant: Flags) -> float:
    """Cohen's kappa: agreement beyond chance. 1 if both have one and the same value for all pairs."""
    return float(_kappas(_confusion(verdicts, relevant, np.zeros(len(verdicts), np.int64)).astype(np.float64))[0])


def kappa_interval(verdicts: Flags, relevant: Flags, groups: Groups, draws: int, confidence: float, seed: int) -> Interval:
    """Kappa with the percentile interval of a bootstrap over whole groups: pairs of one component are not independent.

    Args:
        verdicts: [n] of the judge.
        relevant: [n] the labels.
        groups: [n] group ids, any numbers.
        draws: number of resamples.
        confidence: of the two-sided interval.
        seed: of the draws.

    Cost: draws x groups multiplications.
    """
    numbered = np.unique(groups, return_inverse=True)[1]
    counts = _confusion(verdicts, relevant, numbered)
    kappas = np.concatenate([_kappas(weights @ counts) for weights in _resamples(len(counts), draws, seed)])
    low, high = np.quantile(kappas, [(1 - confidence) / 2, (1 + confidence) / 2])
    return Interval(kappa(verdicts, relevant), float(low), float(high))


def corrected_rate(
    unlabelled: Flags,
    verdicts: Flags,
    relevant: Flags,
    groups: Groups,
    draws: int,
    confidence: float,
    seed: int,
) -> Interval:
    """The share of relevant pairs among unlabelled ones, corrected for the judge's known errors (Rogan, Gladen 1978).

    theta = (p + q0 - 1) / (q0 + q1 - 1), clipped to 0 to 1: p is the share that the judge calls relevant, q1 and q0 are its
    sensitivity and specificity on the labelled pairs.

    Args:
        unlabelled: [m] the judge's verdicts on the unlabelled pairs.
        verdicts: [n] its verdicts on the labelled ones.
        relevant: [n] the labels.
        groups: [n] as in `kappa_interval`.
        draws: resamples of the labelled groups, each with a share p drawn by Jeffreys' rule, so 0 positives do not mean p = 0.
        confidence: of the two-sided interval.
        seed: of the draws.

    Returns:
        NaN if the judge is no better than chance on the labels, or there are no unlabelled pairs.
    """
    if not len(unlabelled):
        return Interval(float("nan"), float("nan"), float("nan"))
    counts = _confusion(verdicts, relevant, np.unique(groups, return_inverse=True)[1])
    share = float(unlabelled.mean())
    whole = _corrected(np.array([share]), counts.sum(axis=0, keepdims=True).astype(np.float64))[0]
    chance = np.random.default_rng([seed, 1])
    positives = int(unlabelled.sum())
    rates = np.concatenate(
        [
            _corrected(chance.beta(positives + 0.5, len(unlabelled) - positives + 0.5, len(weights)), weights @ counts)
            for weights in _resamples(len(counts), draws, seed)
        ]
    )
    finite = rates[np.isfinite(rates)]
    if not len(finite) or not np.isfinite(whole):
        return Interval(float(whole), float("nan"), float("nan"))
    low, high = np.quantile(finite, [(1 - confidence) / 2, (1 + confidence) / 2])
    return Interval(float(whole), float(low), float(high))


def ties(scores: Numbers) -> ScoreTies:
    """Count equal scores."""
    if not len(scores):
        return ScoreTies(0, 0.0, 0.0)
    _, counts = np.unique(scores, return_counts=True)
    return ScoreTies(len(counts), float(counts[counts > 1].sum() / len(scores)), float(counts.max() / len(scores)))


def _confusion(verdicts: Flags, relevant: Flags, groups: Groups) -> NDArray[np.int64]:
    """[groups, 4]: true negatives, false negatives, false positives, true positives."""
    cell = 2 * verdicts.astype(np.int64) + relevant.astype(np.int64)
    size = int(groups.max(initial=-1)) + 1
    return np.bincount(groups * 4 + cell, minlength=size * 4).reshape(size, 4)


def _kappas(counts: Numbers) -> Numbers:
    """[n, 4] -> [n]."""
    total = np.maximum(counts.sum(axis=1), 1)
    agreed = (counts[:, 0] + counts[:, 3]) / total
    predicted, observed = (counts[:, 2] + counts[:, 3]) / total, (counts[:, 1] + counts[:, 3]) / total
    expected = predicted * observed + (1 - predicted) * (1 - observed)
    return np.where(expected < 1, (agreed - expected) / np.where(expected < 1, 1 - expected, 1), 1.0)


def _corrected(apparent: Numbers, counts: Numbers) -> Numbers:
    """[n], [n, 4] -> [n]; NaN if a rate is unknown or the judge is no better than chance."""
    with np.errstate(divide="ignore", invalid="ignore"):
        specificity = counts[:, 0] / (counts[:, 0] + counts[:, 2])
        sensitivity = counts[:, 3] / (counts[:, 1] + counts[:, 3])
        informedness = specificity + sensitivity - 1
        return np.where(informedness > 0, np.clip((apparent + specificity - 1) / informedness, 0, 1), np.nan)


def _resamples(groups: int, draws: int, seed: int) -> Iterator[Numbers]:
    """How often each group is drawn: `draws` rows [groups] that sum to `groups`, in parts of DRAWS_AT_A_TIME."""
    chance = np.random.default_rng([seed, 0])
    for begin in range(0, draws, DRAWS_AT_A_TIME):
        yield chance.multinomial(groups, np.full(groups, 1 / groups), min(DRAWS_AT_A_TIME, draws - begin)).astype(np.float64)
