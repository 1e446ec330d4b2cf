"""Quotas: the number of rows that each granularity contributes to its task. No engine."""

from collections.abc import Mapping, Sequence

MARGIN_SIGMAS = 8.0
"""Standard deviations that are added to a share so that it contains the quota; it fails once in 10^15 times."""


def quotas(counts: Sequence[int], total: int) -> list[int]:
    """Divide `total` rows among groups in turn: a row of each group, then a second of each, and so on.

    Small groups are used up, and no group displaces the others. Cost: a few passes over the groups.

    >>> quotas([1000, 3, 10], 20)
    [9, 3, 8]
    """
    shares = [0] * len(counts)
    left = total
    while left > 0 and (open_ := [k for k, count in enumerate(counts) if count > shares[k]]):
        turns = max(1, min(left // len(open_), min(counts[k] - shares[k] for k in open_)))
        for k in open_[:left]:
            shares[k] += turns
        left -= turns * len(open_[:left])
    return shares


def preferred(counts: Mapping[str, tuple[int, int]], order: Sequence[str], total: int) -> dict[tuple[str, bool], int]:
    """The quotas of a task's granularities; rows with hard negatives come before rows without.

    Args:
        counts: granularity -> rows with hard negatives, rows without.
        order: granularities in the order of their turns.
        total: rows of the task.

    Returns:
        (granularity, whether with hard negatives) -> rows.
    """
    names = [name for name in order if name in counts]
    whole = dict(zip(names, quotas([sum(counts[name]) for name in names], total), strict=True))
    first = {name: min(whole[name], counts[name][0]) for name in names}
    return {(name, True): first[name] for name in names} | {(name, False): whole[name] - first[name] for name in names}


def below(quota: int, count: int) -> int:
    """A signed 64-bit bound such that at least `quota` of `count` uniform hashes are below it, with near certainty."""
    share = (quota + MARGIN_SIGMAS * quota**0.5 + MARGIN_SIGMAS**2) / count if count else 1.0
    return (1 << 63) - 1 if share >= 1 else int(share * (1 << 64)) - (1 << 63)
