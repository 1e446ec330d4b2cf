"""The greedy alignment against dynamic programming over every cell."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from pipelines.mining.text.local_alignment import alignments, extend

FEW = st.text(st.sampled_from("abc"), max_size=14)
FAR = 10**6
"""A drop that prunes nothing."""


def by_dynamic_programming(a, b, edit_cost):
    """The best score of an alignment of a prefix of a with a prefix of b."""
    best = 0
    row = [(1 - edit_cost) * j for j in range(len(b) + 1)]
    for i, x in enumerate(a, 1):
        above, row = row, [(1 - edit_cost) * i]
        for j, y in enumerate(b, 1):
            step = above[j - 1] + (2 if x == y else 2 - edit_cost)
            row.append(max(step, above[j] + 1 - edit_cost, row[-1] + 1 - edit_cost))
        best = max(best, *row)
    return best


def score(runs, edit_cost):
    """Of the runs, with what lies between them at the cost of its longer side."""
    total = sum(2 * r.length for r in runs)
    for x, y in itertools.pairwise(runs):
        left, right = y.i - x.i - x.length, y.j - x.j - x.length
        total += left + right - edit_cost * max(left, right)
    return total


@given(FEW, FEW, st.integers(3, 9))
def test_extends_as_far_as_dynamic_programming(a, b, edit_cost):
    result, runs = extend(a, b, 0, 0, edit_cost, FAR)
    assert result == by_dynamic_programming(a, b, edit_cost)
    assert all(a[r.i : r.i + r.length] == b[r.j : r.j + r.length] for r in runs)
    assert all(x.i + x.length <= y.i and x.j + x.length <= y.j for x, y in itertools.pairwise(runs))


@given(FEW, FEW, st.integers(3, 9), st.integers(0, 20))
def test_a_smaller_drop_never_finds_more(a, b, edit_cost, drop):
    assert extend(a, b, 0, 0, edit_cost, drop)[0] <= extend(a, b, 0, 0, edit_cost, FAR)[0]


@given(FEW, FEW, st.integers(0, 14), st.integers(0, 14), st.integers(4, 9))
def test_aligns_both_ways_from_a_seed_as_dynamic_programming(a, b, i, j, edit_cost):
    i, j = min(i, len(a)), min(j, len(b))
    before = by_dynamic_programming(a[:i][::-1], b[:j][::-1], edit_cost)
    after = by_dynamic_programming(a[i:], b[j:], edit_cost)
    [runs] = alignments(a, b, [(i, j)], edit_cost=edit_cost, drop=FAR, max_extensions=1)
    assert score(runs, edit_cost) >= before + after
