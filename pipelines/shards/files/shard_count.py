"""The number of shards of a split. No engine."""

from collections.abc import Callable

STEP = 1.2
"""Ratio of consecutive numbers that are tried: a shard has at least 1 / STEP of its largest size."""


def tries(most: int) -> list[int]:
    """Numbers of shards to try, from 1 up to `most`.

    >>> tries(10)
    [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]
    """
    numbers = [1]
    while numbers[-1] < most:
        numbers.append(min(most, max(numbers[-1] + 1, int(numbers[-1] * STEP))))
    return numbers


def shards_for(size: Callable[[int], int], most: int, shard_bytes: int) -> int:
    """The smallest number of shards whose expected size is at most `shard_bytes`.

    Args:
        size: number of shards -> bytes of all of them together.
        most: a number that is surely large enough.
        shard_bytes: largest size of a shard.
    """
    return next((n for n in tries(most) if size(n) <= n * shard_bytes), most)
