"""How far a judge agrees with labels: numbers of one definition each, on arrays."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

Numbers = NDArray[np.float64]
Flags = NDArray[np.bool_]
Groups = NDArray[np.int64]

DRAWS_AT_A_TIME = 64
"""Resamples that are held in memory at a time."""


@dataclass(frozen=True, slots=True)
class Interval:
    """An estimate and the ends of its interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Bins:
    """The reliability curve: what was said against what was so, bin by bin; bins without a pair are left out."""

    counts: NDArray[np.int64]
    said: Numbers
    """Mean probability of each bin's pairs."""
    so: Numbers
    """Share of them that is relevant."""


@dataclass(frozen=True, slots=True)
class Ties:
    """How fine the scores are: a judge whose scores lie on a coarse grid orders little."""

    distinct: int
    """Different scores."""
    tied: float
    """Share of the pairs whose score another pair has too."""
    largest: float
    """Share of the commonest score."""


def roc_auc(scores: Numbers, relevant: Flags) -> float:
    """Chance that a relevant pair scores above one that is not, ties counting half; NaN without one of each.

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


def reliability(probabilities: Numbers, relevant: Flags, bins: int) -> Bins:
    """Pairs in `bins` bins of equal width over 0 to 1; a probability on an edge is in the upper bin, 1 in the last."""
    at = np.minimum((probabilities * bins).astype(np.int64), bins - 1)
    counts = np.bincount(at, minlength=bins)
    some = counts > 0
    said = np.bincount(at, weights=probabilities, minlength=bins)[some] / counts[some]
    so = np.bincount(at, weights=relevant.astype(np.float64), minlength=bins)[some] / counts[some]
    return Bins(counts[some], said, so)


def calibration_error(probabilities: Numbers, relevant: Flags, bins: int) -> float:
    """Expected calibration error: the mean gap of the reliability curve, each bin weighed by its pairs (Guo et al. 2017)."""
    curve = reliability(probabilities, relevant, bins)
    return float((curve.counts * np.abs(curve.said - curve.so)).sum() / max(1, curve.counts.sum()))


def kappa(said: Flags, relevant: Flags) -> float:
    """Cohen's kappa of two verdicts: agreement beyond what their rates alone would give. 1 where both say one thing of all."""
    return float(_kappas(_counts(said, relevant, np.zeros(len(said), np.int64)).astype(np.float64))[0])


def kappa_interval(said: Flags, relevant: Flags, groups: Groups, draws: int, confidence: float, seed: int) -> Interval:
    """Kappa with the percentile interval of a bootstrap that draws whole groups: pairs of one component are not independent.

    Args:
        said: [n] the judge's verdicts.
        relevant: [n] the labels.
        groups: [n] a number for each group, any numbers.
        draws: resamples.
        confidence: of the two-sided interval.
        seed: of the draws.

    Cost: draws x groups multiplications.
    """
    numbered = np.unique(groups, return_inverse=True)[1]
    counts = _counts(said, relevant, numbered)
    found = np.concatenate([_kappas(weights @ counts) for weights in _resamples(len(counts), draws, seed)])
    low, high = np.quantile(found, [(1 - confidence) / 2, (1 + confidence) / 2])
    return Interval(kappa(said, relevant), float(low), float(high))


def corrected_rate(
    apparent: Flags,
    said: Flags,
    relevant: Flags,
    groups: Groups,
    draws: int,
    confidence: float,
    seed: int,
) -> Interval:
    """The share of relevant pairs among unlabelled ones, with the judge's known errors taken out (Rogan, Gladen 1978).

    theta = (p + q0 - 1) / (q0 + q1 - 1): p the share that the judge calls relevant, q1 and q0 the shares of the relevant and
    of the other labelled pairs that it gets right; held to 0 to 1.

    Args:
        apparent: [m] the judge's verdicts on the unlabelled pairs.
        said: [n] its verdicts on the labelled ones.
        relevant: [n] the labels.
        groups: [n] as in `kappa_interval`.
        draws: resamples of the labelled groups, each with a share p drawn by Jeffreys' rule, so that none called is not never.
        confidence: of the two-sided interval.
        seed: of the draws.

    Returns:
        NaN where a judge is no better than chance on the labels, or nothing is unlabelled.
    """
    if not len(apparent):
        return Interval(float("nan"), float("nan"), float("nan"))
    counts = _counts(said, relevant, np.unique(groups, return_inverse=True)[1])
    share = float(apparent.mean())
    whole = _corrected(np.array([share]), counts.sum(axis=0, keepdims=True).astype(np.float64))[0]
    chance = np.random.default_rng([seed, 1])
    called = int(apparent.sum())
    found = np.concatenate(
        [
            _corrected(chance.beta(called + 0.5, len(apparent) - called + 0.5, len(weights)), weights @ counts)
            for weights in _resamples(len(counts), draws, seed)
        ]
    )
    known = found[np.isfinite(found)]
    if not len(known) or not np.isfinite(whole):
        return Interval(float(whole), float("nan"), float("nan"))
    low, high = np.quantile(known, [(1 - confidence) / 2, (1 + confidence) / 2])
    return Interval(float(whole), float(low), float(high))


def ties(scores: Numbers) -> Ties:
    """How many scores are one and the same."""
    if not len(scores):
        return Ties(0, 0.0, 0.0)
    _, counts = np.unique(scores, return_counts=True)
    return Ties(len(counts), float(counts[counts > 1].sum() / len(scores)), float(counts.max() / len(scores)))


def _counts(said: Flags, relevant: Flags, groups: Groups) -> NDArray[np.int64]:
    """[groups, 4]: neither, relevant and not said, said and not relevant, both."""
    cell = 2 * said.astype(np.int64) + relevant.astype(np.int64)
    size = int(groups.max(initial=-1)) + 1
    return np.bincount(groups * 4 + cell, minlength=size * 4).reshape(size, 4)


def _kappas(counts: Numbers) -> Numbers:
    """[n, 4] -> [n]."""
    total = np.maximum(counts.sum(axis=1), 1)
    agreed = (counts[:, 0] + counts[:, 3]) / total
    said, so = (counts[:, 2] + counts[:, 3]) / total, (counts[:, 1] + counts[:, 3]) / total
    expected = said * so + (1 - said) * (1 - so)
    return np.where(expected < 1, (agreed - expected) / np.where(expected < 1, 1 - expected, 1), 1.0)


def _corrected(apparent: Numbers, counts: Numbers) -> Numbers:
    """[n], [n, 4] -> [n]; NaN where a rate is not known or says nothing."""
    with np.errstate(divide="ignore", invalid="ignore"):
        specificity = counts[:, 0] / (counts[:, 0] + counts[:, 2])
        sensitivity = counts[:, 3] / (counts[:, 1] + counts[:, 3])
        said = specificity + sensitivity - 1
        return np.where(said > 0, np.clip((apparent + specificity - 1) / said, 0, 1), np.nan)


def _resamples(groups: int, draws: int, seed: int) -> Iterator[Numbers]:
    """How often each group is drawn: pieces [some, groups] of `draws` rows, each summing to `groups`."""
    chance = np.random.default_rng([seed, 0])
    for begin in range(0, draws, DRAWS_AT_A_TIME):
        yield chance.multinomial(groups, np.full(groups, 1 / groups), min(DRAWS_AT_A_TIME, draws - begin)).astype(np.float64)
