"""How many shards a split takes. No engine."""

from collections.abc import Callable

STEP = 1.2
"""Numbers of shards are tried in steps of this: a shard has at least 1 / STEP of the size that it may have."""


def tries(most: int) -> list[int]:
    """The numbers of shards that are tried, from 1 up to `most`.

    >>> tries(10)
    [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]
    """
    out = [1]
    while out[-1] < most:
        out.append(min(most, max(out[-1] + 1, int(out[-1] * STEP))))
    return out


def shards_for(size: Callable[[int], int], most: int, shard_bytes: int) -> int:
    """The smallest number of shards of which one is expected to have at most `shard_bytes`.

    Args:
        size: number of shards -> bytes of all of them together.
        most: a number that is surely enough.
        shard_bytes: what a shard should have at most.
    """
    return next((n for n in tries(most) if size(n) <= n * shard_bytes), most)
