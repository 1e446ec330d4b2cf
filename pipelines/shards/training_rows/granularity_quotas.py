"""How many rows each granularity gives to its task. No engine."""

from collections.abc import Mapping, Sequence

GUARD = 8.0
"""Standard deviations by which a share is drawn too large, so that it holds the quota: short once in 10^15 times."""


def quotas(counts: Sequence[int], wanted: int) -> list[int]:
    """So many rows of each group as taking turns gives it: each group's first, then each one's second, up to `wanted`.

    Small groups are taken whole, and none drowns. Cost: a few rounds of the groups.

    >>> quotas([1000, 3, 10], 20)
    [9, 3, 8]
    """
    given = [0] * len(counts)
    left = wanted
    while left > 0 and (open_ := [k for k, count in enumerate(counts) if count > given[k]]):
        turns = max(1, min(left // len(open_), min(counts[k] - given[k] for k in open_)))
        for k in open_[:left]:
            given[k] += turns
        left -= turns * len(open_[:left])
    return given


def preferred(counts: Mapping[str, tuple[int, int]], order: Sequence[str], wanted: int) -> dict[tuple[str, bool], int]:
    """The quotas of a task's granularities, rows with hard negatives before rows without.

    Args:
        counts: granularity -> rows with hard negatives, rows without.
        order: granularities in the order of their turns.
        wanted: rows of the task.

    Returns:
        (granularity, whether with hard negatives) -> rows.
    """
    names = [name for name in order if name in counts]
    whole = dict(zip(names, quotas([sum(counts[name]) for name in names], wanted), strict=True))
    first = {name: min(whole[name], counts[name][0]) for name in names}
    return {(name, True): first[name] for name in names} | {(name, False): whole[name] - first[name] for name in names}


def below(quota: int, count: int) -> int:
    """The signed 64-bit hash below which surely `quota` of `count` rows lie: who seeks the smallest hashes looks there only."""
    share = (quota + GUARD * quota**0.5 + GUARD**2) / count if count else 1.0
    return (1 << 63) - 1 if share >= 1 else int(share * (1 << 64)) - (1 << 63)
