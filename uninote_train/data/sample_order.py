"""Which rows a step is made of: a function of the step, the seed and the shards' sizes, and of nothing else.

So there is no state to save: a run that was killed at step 1000 asks for the rows of step 1001, whatever its workers had
read ahead. Epochs follow one another without a seam: the last batch of one is filled up with the first rows of the next, so
that each row stands once in each epoch and all batches are of one size.

A row's place is a hash of (seed, epoch, shard, row), sorted. Shards are shuffled, then rows within a window of some shards, so
that a batch touches a window's files and not all there are; the rows of a shard are in a seeded global order already.
"""

from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Keys = npt.NDArray[np.uint64]
KEPT_WINDOWS = 4
"""In memory, 12 bytes a row: a batch touches two at most unless it is larger than a window."""


class Place(NamedTuple):
    """Where a row of the stream lies."""

    epoch: int
    shard: int
    row: int


@dataclass(frozen=True, slots=True)
class Order:
    """The stream of all epochs. Hashable: equal orders are the same stream."""

    counts: tuple[int, ...]
    """Rows of each shard."""
    seed: int
    window: int
    """Shards that are shuffled into one another."""
    rows: int = field(init=False, compare=False)
    """Of an epoch."""

    def __post_init__(self) -> None:
        """Add up the rows."""
        object.__setattr__(self, "rows", sum(self.counts))

    def places(self, start: int, stop: int) -> list[Place]:
        """The stream's rows `start` to `stop`, without it, counted over all epochs."""
        found: list[Place] = []
        while start < stop:
            epoch, offset = divmod(start, self.rows)
            ends = _ends(self, epoch)
            window = int(np.searchsorted(ends, offset, side="right"))
            begin = int(ends[window - 1]) if window else 0
            taken = min(stop - start, int(ends[window]) - offset)
            shards, rows = _window(self, epoch, window)
            here = slice(offset - begin, offset - begin + taken)
            found += [Place(epoch, int(s), int(r)) for s, r in zip(shards[here], rows[here], strict=True)]
            start += taken
        return found


def mixed(*parts: int | Keys) -> Keys:
    """A hash of whole numbers, broadcast: uint64. Source: SplitMix64's finaliser (Steele, Lea, Flood 2014), chained."""
    state = np.zeros(1, np.uint64)
    with np.errstate(over="ignore"):
        for part in parts:
            state = state ^ (np.asarray(part).astype(np.uint64) + np.uint64(0x9E3779B97F4A7C15))
            state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
            state = (state ^ (state >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
            state = state ^ (state >> np.uint64(31))
    return state


@lru_cache(maxsize=KEPT_WINDOWS)
def _shuffled(order: Order, epoch: int) -> npt.NDArray[np.int64]:
    """The shards in this epoch's order."""
    keys = mixed(order.seed, epoch, np.arange(len(order.counts), dtype=np.uint64))
    return np.argsort(keys, kind="stable")


@lru_cache(maxsize=KEPT_WINDOWS)
def _ends(order: Order, epoch: int) -> npt.NDArray[np.int64]:
    """Where each window ends, in rows of the epoch."""
    counts = np.asarray(order.counts, np.int64)[_shuffled(order, epoch)]
    return np.cumsum(np.add.reduceat(counts, np.arange(0, len(counts), order.window)))


@lru_cache(maxsize=KEPT_WINDOWS)
def _window(order: Order, epoch: int, window: int) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int64]]:
    """(shard, row) of a window's rows, in order."""
    members = _shuffled(order, epoch)[window * order.window : (window + 1) * order.window]
    shards = np.concatenate([np.full(order.counts[s], s, np.int32) for s in members])
    rows = np.concatenate([np.arange(order.counts[s], dtype=np.int64) for s in members])
    place = np.argsort(mixed(order.seed, epoch, shards.astype(np.uint64), rows.astype(np.uint64)), kind="stable")
    return shards[place], rows[place]
