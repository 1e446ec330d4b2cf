"""Means over queries with bootstrap intervals that resample components, since queries of one component are correlated.

Where all components agree, as 30 of 30 do, every resample is the same and the bootstrap has no width. There the interval is
exact instead (`agreement`): Clopper and Pearson's, 88.4 to 100 % of 30, and an honest one for a single component.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

import numpy as np
import numpy.typing as npt
from pydantic import Field

Values = npt.NDArray[np.float64]
"""[queries, numbers]."""
SAME = 1e-12
"""Means of two components that differ by less are the same."""
WEIGHTS_IN_MEMORY = 1 << 23
"""Weights that are kept in memory at a time."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean and its percentile interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Bootstrap:
    """How confidence intervals are computed."""

    resamples: Annotated[int, Field(ge=1)] = 1000
    """Resamples, each of as many components as there are, with replacement."""
    confidence: Annotated[float, Field(gt=0, lt=1)] = 0.95
    """Share of the resamples that an interval contains."""
    seed: Annotated[int, Field(ge=0)] = 0
    """Seed of the resamples."""


def estimates(values: Values, components: Sequence[str], settings: Bootstrap) -> list[Estimate]:
    """The mean of each column over all queries. [queries, m] -> m estimates."""
    return estimates_by_task({"": (values, components)}, settings)[0]


def estimates_by_task(
    tasks: Mapping[str, tuple[Values, Sequence[str]]], settings: Bootstrap
) -> tuple[list[Estimate], dict[str, list[Estimate]]]:
    """The unweighted mean of the tasks' means, and each task's own mean.

    A resample of components is the same for all tasks: a note that is drawn twice is drawn twice in each.

    Args:
        tasks: name -> (values [q, m], the queries' components [q]); m is the same for all, q is at least 1.
        settings: of the bootstrap.

    Cost: resamples x components x m multiplications for each task.
    """
    index = {name: n for n, name in enumerate(sorted({c for _, components in tasks.values() for c in components}))}
    sums, counts = {}, {}
    for task, (values, components) in tasks.items():
        rows = np.array([index[c] for c in components])
        sums[task] = np.zeros((len(index), values.shape[1]))
        np.add.at(sums[task], rows, values)
        counts[task] = np.bincount(rows, minlength=len(index)).astype(float)
    drawn: dict[str, list[Values]] = {task: [] for task in tasks}
    for weights in _draws(len(index), settings):
        for task in tasks:
            with np.errstate(invalid="ignore"):
                drawn[task].append((weights @ sums[task]) / (weights @ counts[task])[:, None])
    of = {task: np.concatenate(parts) for task, parts in drawn.items()}
    means = {task: sums[task].sum(0) / counts[task].sum() for task in tasks}
    each, exact = {}, []
    for task in tasks:
        present = counts[task] > 0
        of_components = sums[task][present] / counts[task][present][:, None]
        exact.append(_where_all_agree(of_components, settings.confidence))
        each[task] = _around(means[task], of[task], exact[-1], settings)
    mean = _around(np.mean(list(means.values()), 0), np.mean(list(of.values()), 0), np.mean(exact, 0), settings)
    return mean, each


def agreement(value: Values, components: int, confidence: float) -> tuple[Values, Values]:
    """The interval (low, high) of a mean of numbers in [0, 1] of which `components` independent ones all are `value`.

    The chance that a component is `value` is at least p with p ** components = (1 - confidence) / 2; the rest may be anything
    from 0 to 1. For a value of 0 or 1 this is the interval of Clopper and Pearson (1934).
    """
    p = ((1 - confidence) / 2) ** (1 / components)
    return value * p, 1 - p * (1 - value)


def _draws(components: int, settings: Bootstrap) -> Iterator[Values]:
    """How often each component is drawn, in blocks of [resamples, components]."""
    rng = np.random.default_rng(settings.seed)
    size = max(1, WEIGHTS_IN_MEMORY // components)
    for start in range(0, settings.resamples, size):
        count = min(size, settings.resamples - start)
        yield rng.multinomial(components, np.full(components, 1 / components), count).astype(float)


def _where_all_agree(of_components: Values, confidence: float) -> Values:
    """[2, m]: low and high of `agreement` where all components have the same mean, nan elsewhere."""
    first = of_components[0]
    agree = (np.abs(of_components - first) < SAME).all(0)
    return np.where(agree, agreement(first, len(of_components), confidence), np.nan)


def _around(means: Values, drawn: Values, exact: Values, settings: Bootstrap) -> list[Estimate]:
    """Percentile intervals, or the exact one where there is one. A resample without a query of the task is left out."""
    tail = (1 - settings.confidence) / 2
    defined = drawn[~np.isnan(drawn).any(1)]
    resampled = np.quantile(defined, [tail, 1 - tail], axis=0) if len(defined) else np.stack([means, means])
    low, high = np.where(np.isnan(exact), resampled, exact)
    return [Estimate(float(m), float(a), float(b)) for m, a, b in zip(means, low, high, strict=True)]
