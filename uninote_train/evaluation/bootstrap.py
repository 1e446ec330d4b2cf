"""Means over queries and how sure they are: a bootstrap that draws components, since queries of one stand or fall together."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

import numpy as np
import numpy.typing as npt
from pydantic import Field

Values = npt.NDArray[np.float64]
"""[queries, numbers]."""
HELD = 1 << 23
"""Weights in memory at a time."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean and its percentile interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Bootstrap:
    """How intervals are made."""

    resamples: Annotated[int, Field(ge=1)] = 1000
    """Draws of as many components as there are, with replacement."""
    confidence: Annotated[float, Field(gt=0, lt=1)] = 0.95
    """Share of the draws that an interval holds."""
    seed: Annotated[int, Field(ge=0)] = 0
    """Of the draws."""


def estimates(values: Values, components: Sequence[str], settings: Bootstrap) -> list[Estimate]:
    """For each number its mean over all queries. [queries, m] -> m."""
    return together({"": (values, components)}, settings)[0]


def together(
    tasks: Mapping[str, tuple[Values, Sequence[str]]], settings: Bootstrap
) -> tuple[list[Estimate], dict[str, list[Estimate]]]:
    """The mean of tasks' means, each task counting the same, and each task's own.

    A draw of components is the same for all tasks: a note that is drawn twice is so in all of them.

    Args:
        tasks: name -> (values [q, m], the queries' components [q]); m is the same for all, q is at least 1.
        settings: how many draws.

    Cost: resamples x components x m multiplications for each task.
    """
    known = {name: n for n, name in enumerate(sorted({c for _, components in tasks.values() for c in components}))}
    sums, counts = {}, {}
    for task, (values, components) in tasks.items():
        rows = np.array([known[c] for c in components])
        sums[task] = np.zeros((len(known), values.shape[1]))
        np.add.at(sums[task], rows, values)
        counts[task] = np.bincount(rows, minlength=len(known)).astype(float)
    drawn: dict[str, list[Values]] = {task: [] for task in tasks}
    for weights in _draws(len(known), settings):
        for task in tasks:
            with np.errstate(invalid="ignore"):
                drawn[task].append((weights @ sums[task]) / (weights @ counts[task])[:, None])
    of = {task: np.concatenate(parts) for task, parts in drawn.items()}
    means = {task: sums[task].sum(0) / counts[task].sum() for task in tasks}
    each = {task: _around(means[task], of[task], settings) for task in tasks}
    return _around(np.mean(list(means.values()), 0), np.mean(list(of.values()), 0), settings), each


def _draws(components: int, settings: Bootstrap) -> Iterator[Values]:
    """How often each component is drawn, [some, components] at a time."""
    chance = np.random.default_rng(settings.seed)
    size = max(1, HELD // components)
    for start in range(0, settings.resamples, size):
        often = min(size, settings.resamples - start)
        yield chance.multinomial(components, np.full(components, 1 / components), often).astype(float)


def _around(means: Values, drawn: Values, settings: Bootstrap) -> list[Estimate]:
    """A draw without a query of the task says nothing and is left out."""
    tail = (1 - settings.confidence) / 2
    said = drawn[~np.isnan(drawn).any(1)]
    low, high = np.quantile(said, [tail, 1 - tail], axis=0) if len(said) else (means, means)
    return [Estimate(float(m), float(a), float(b)) for m, a, b in zip(means, low, high, strict=True)]
