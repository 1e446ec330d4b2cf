"""Local alignment of two texts: seeds are extended into the best alignment with few edits. No engine."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple


class EqualRun(NamedTuple):
    """`length` equal characters, at i in the first text and at j in the second."""

    i: int
    j: int
    length: int


class Reach(NamedTuple):
    """The furthest point of an alignment on one diagonal with a number of edits."""

    i: int
    """Characters used of the first text."""
    before: int
    """Index at which the last equal run on this diagonal begins."""
    parent: int
    """The diagonal it came from."""


MATCH = 2
"""Score of an equal character: one for each of the two characters used."""


def alignments(
    a: str, b: str, seeds: Iterable[tuple[int, int]], *, edit_cost: int, drop: int, max_extensions: int
) -> Iterator[list[EqualRun]]:
    """The best-scoring alignment through each seed, as its runs in order.

    The score is the characters used in both texts less `edit_cost` for every inserted, deleted or
    changed character. From each seed the alignment is extended both ways until the score has
    fallen `drop` below its best. A seed inside a run of an earlier alignment is not extended again.

    Cost: O(edits * drop / edit_cost) comparisons of runs per seed, however long the runs.
    """
    covered: dict[int, int] = {}
    extensions = 0
    backward = (a[::-1], b[::-1])
    for i, j in sorted(seeds):
        if i < covered.get(i - j, 0):
            continue
        if extensions == max_extensions:
            return
        extensions += 1
        _, after = extend(a, b, i, j, edit_cost, drop)
        _, before = extend(*backward, len(a) - i, len(b) - j, edit_cost, drop)
        runs = _joined([EqualRun(len(a) - r.i - r.length, len(b) - r.j - r.length, r.length) for r in reversed(before)], after)
        for run in runs:
            diagonal = run.i - run.j
            covered[diagonal] = max(covered.get(diagonal, 0), run.i + run.length)
        yield runs


def extend(a: str, b: str, i: int, j: int, edit_cost: int, drop: int) -> tuple[int, list[EqualRun]]:
    """The best score of an alignment that starts at (i, j), and its runs in order.

    Furthest reaching points by number of edits; since the score depends on the characters used
    and the edits only, the furthest on a diagonal is the best on it.

    Source: Zhang, Schwartz, Wagner, Miller 2000, "A greedy algorithm for aligning DNA sequences",
    with unit steps and without the diagonals that fell behind.
    """
    length = _common(a, b, i, j)
    fronts = [{0: Reach(length, 0, 0)}]
    best, best_at = MATCH * length, (0, 0)
    while fronts[-1]:
        front: dict[int, Reach] = {}
        paid = edit_cost * len(fronts)
        for k in range(min(fronts[-1]) - 1, max(fronts[-1]) + 2):
            step = _step(fronts[-1], k, len(a) - i, len(b) - j)
            if step is None:
                continue
            begin, parent = step
            end = begin + _common(a, b, i + begin, j + begin - k)
            score = 2 * end - k - paid
            if score < best - drop:
                continue
            front[k] = Reach(end, begin, parent)
            if score > best:
                best, best_at = score, (len(fronts), k)
        fronts.append(front)
    return best, _traced(fronts, best_at, i, j)


def _step(front: dict[int, Reach], k: int, rest_a: int, rest_b: int) -> tuple[int, int] | None:
    """The furthest point on diagonal k (characters of a less those of b) after one more edit, and the diagonal before it."""
    options = []
    for parent, used in ((k, 1), (k - 1, 1), (k + 1, 0)):
        if parent in front:
            at = front[parent].i + used
            if at <= rest_a and at - k <= rest_b:
                options.append((at, parent))
    return max(options) if options else None


def _traced(fronts: list[dict[int, Reach]], at: tuple[int, int], i: int, j: int) -> list[EqualRun]:
    runs = []
    edits, k = at
    while edits >= 0:
        reach = fronts[edits][k]
        if reach.i > reach.before:
            runs.append(EqualRun(i + reach.before, j + reach.before - k, reach.i - reach.before))
        edits, k = edits - 1, reach.parent
    return runs[::-1]


def _joined(before: list[EqualRun], after: list[EqualRun]) -> list[EqualRun]:
    """Both halves; the run that the seed cut in two becomes one."""
    if before and after and (before[-1].i + before[-1].length, before[-1].j + before[-1].length) == after[0][:2]:
        whole = EqualRun(before[-1].i, before[-1].j, before[-1].length + after[0].length)
        return [*before[:-1], whole, *after[1:]]
    return before + after


def _common(a: str, b: str, i: int, j: int) -> int:
    """How many characters are equal from a[i] and b[j] on: slices that double while equal, then halve."""
    n, step = 0, 8
    while step:
        left = a[i + n : i + n + step]
        if len(left) == step and left == b[j + n : j + n + step]:
            n += step
            step *= 2
        else:
            step //= 2
            break
    while step:
        left = a[i + n : i + n + step]
        if len(left) == step and left == b[j + n : j + n + step]:
            n += step
        step //= 2
    return n
