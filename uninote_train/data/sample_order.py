"""The rows of a step, as a function of the step's number, the seed and the shards' sizes only.

So there is no state to save: a run that was killed at step 1000 continues with the rows of step 1001, whatever its workers had
prefetched. Epochs are concatenated: the last batch of one is filled up with the first rows of the next, so that each row
occurs once in each epoch and all batches have the same size.

A row's sort key is a hash of (seed, epoch, shard, row). Shards are shuffled, then rows within a window of some shards, so
that a batch reads a window's files and not all; the rows of a shard are in a seeded global order already.
"""

from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Keys = npt.NDArray[np.uint64]
CACHED_WINDOWS = 4
"""Windows kept in memory, 12 bytes per row: a batch reads at most two unless it is larger than a window."""


class RowPosition(NamedTuple):
    """Epoch, shard and row of a position in the stream."""

    epoch: int
    shard: int
    row: int


@dataclass(frozen=True, slots=True)
class Order:
    """The stream of rows over all epochs. Hashable: equal orders give the same stream."""

    counts: tuple[int, ...]
    """Rows of each shard."""
    seed: int
    window: int
    """Shards whose rows are shuffled together."""
    rows: int = field(init=False, compare=False)
    """Rows of an epoch."""

    def __post_init__(self) -> None:
        """Compute `rows`."""
        object.__setattr__(self, "rows", sum(self.counts))

    def places(self, start: int, stop: int) -> list[RowPosition]:
        """Positions `start` up to `stop`, without it, counted over all epochs."""
        positions: list[RowPosition] = []
        while start < stop:
            epoch, offset = divmod(start, self.rows)
            ends = _ends(self, epoch)
            window = int(np.searchsorted(ends, offset, side="right"))
            window_start = int(ends[window - 1]) if window else 0
            count = min(stop - start, int(ends[window]) - offset)
            shards, rows = _window(self, epoch, window)
            selected = slice(offset - window_start, offset - window_start + count)
            positions += [RowPosition(epoch, int(s), int(r)) for s, r in zip(shards[selected], rows[selected], strict=True)]
            start += count
        return positions


def mix_hash(*parts: int | Keys) -> Keys:
    """Hash integers to uint64, broadcast. Source: SplitMix64's finaliser (Steele, Lea, Flood 2014), chained."""
    state = np.zeros(1, np.uint64)
    with np.errstate(over="ignore"):
        for part in parts:
            state = state ^ (np.asarray(part).astype(np.uint64) + np.uint64(0x9E3779B97F4A7C15))
            state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
            state = (state ^ (state >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
            state = state ^ (state >> np.uint64(31))
    return state


@lru_cache(maxsize=CACHED_WINDOWS)
def _shuffled(order: Order, epoch: int) -> npt.NDArray[np.int64]:
    """The shards in the order of an epoch."""
    keys = mix_hash(order.seed, epoch, np.arange(len(order.counts), dtype=np.uint64))
    return np.argsort(keys, kind="stable")


@lru_cache(maxsize=CACHED_WINDOWS)
def _ends(order: Order, epoch: int) -> npt.NDArray[np.int64]:
    """The end of each window, in rows of the epoch."""
    counts = np.asarray(order.counts, np.int64)[_shuffled(order, epoch)]
    return np.cumsum(np.add.reduceat(counts, np.arange(0, len(counts), order.window)))


@lru_cache(maxsize=CACHED_WINDOWS)
def _window(order: Order, epoch: int, window: int) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int64]]:
    """(shard, row) of a window's rows, in shuffled order."""
    members = _shuffled(order, epoch)[window * order.window : (window + 1) * order.window]
    shards = np.concatenate([np.full(order.counts[s], s, np.int32) for s in members])
    rows = np.concatenate([np.arange(order.counts[s], dtype=np.int64) for s in members])
    permutation = np.argsort(mix_hash(order.seed, epoch, shards.astype(np.uint64), rows.astype(np.uint64)), kind="stable")
    return shards[permutation], rows[permutation]
