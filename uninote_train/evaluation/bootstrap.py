"""Means over queries with bootstrap intervals that resample components, since queries of one component are correlated."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

import numpy as np
import numpy.typing as npt
from pydantic import Field

Values = npt.NDArray[np.float64]
"""[queries, numbers]."""
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
    each = {task: _around(means[task], of[task], settings) for task in tasks}
    return _around(np.mean(list(means.values()), 0), np.mean(list(of.values()), 0), settings), each


def _draws(components: int, settings: Bootstrap) -> Iterator[Values]:
    """How often each component is drawn, in blocks of [resamples, components]."""
    rng = np.random.default_rng(settings.seed)
    size = max(1, WEIGHTS_IN_MEMORY // components)
    for start in range(0, settings.resamples, size):
        count = min(size, settings.resamples - start)
        yield rng.multinomial(components, np.full(components, 1 / components), count).astype(float)


def _around(means: Values, drawn: Values, settings: Bootstrap) -> list[Estimate]:
    """Percentile intervals. A resample without a query of the task is undefined and left out."""
    tail = (1 - settings.confidence) / 2
    defined = drawn[~np.isnan(drawn).any(1)]
    low, high = np.quantile(defined, [tail, 1 - tail], axis=0) if len(defined) else (means, means)
    return [Estimate(float(m), float(a), float(b)) for m, a, b in zip(means, low, high, strict=True)]
