"""The cut keeps the strongest edges that its cap allows."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.mining.components.cut_large_components import cut

NOTES = [f"n{i:02d}" for i in range(14)]
EDGES = st.lists(
    st.tuples(st.sampled_from(NOTES), st.sampled_from(NOTES), st.sampled_from([0.1, 0.5, 0.9])), min_size=1, max_size=40
)


def pieces(edges, cap):
    left, right, weight = zip(*edges, strict=True)
    return dict(zip(*cut(left, right, np.array(weight), cap), strict=True))


def kruskal_by_sets(edges, cap):
    """The same rule with sets that are merged whole."""
    of = {n: {n} for left, right, _ in edges for n in (left, right)}
    for left, right, _ in sorted(edges, key=lambda e: (-e[2], min(e[:2]), max(e[:2]))):
        union = of[left] | of[right]
        if len(union) <= cap:
            of |= dict.fromkeys(union, union)
    return {n: min(members) for n, members in of.items()}


@given(edges=EDGES, cap=st.integers(1, 15))
def test_is_kruskal_with_a_bound(edges, cap):
    result = pieces(edges, cap)
    assert result == kruskal_by_sets(edges, cap)
    assert max(list(result.values()).count(p) for p in result.values()) <= cap


@given(edges=EDGES, cap=st.integers(1, 15), data=st.data())
def test_does_not_depend_on_the_order_or_direction_of_edges(edges, cap, data):
    shuffled = [(r, left, w) for left, r, w in data.draw(st.permutations(edges))]
    assert pieces(shuffled, cap) == pieces(edges, cap)


@given(edges=EDGES, cap=st.integers(1, 15), data=st.data())
def test_sizes_count_as_so_many_notes(edges, cap, data):
    sizes = {n: data.draw(st.integers(1, 4)) for n in NOTES}
    left, right, weight = zip(*edges, strict=True)
    found = dict(zip(*cut(left, right, np.array(weight), cap, sizes), strict=True))
    # Each note that stands for several is a chain of them, so strong that it is joined first.
    chains = [(n, f"{n}_{k}", 2.0) for n in found for k in range(1, sizes[n])]
    if cap >= max(sizes[n] for n in found):
        expanded = kruskal_by_sets([*edges, *chains], cap)
        assert found == {n: expanded[n] for n in found}
    else:
        assert max(sum(sizes[n] for n in found if found[n] == p) for p in set(found.values())) <= max(cap, 4)


def test_parts_two_clusters_at_the_weak_bridge_between_them():
    edges = [("a", "b", 0.9), ("b", "c", 0.9), ("c", "x", 0.2), ("x", "y", 0.9), ("y", "z", 0.9)]
    assert pieces(edges, 5) == {"a": "a", "b": "a", "c": "a", "x": "x", "y": "x", "z": "x"}


def test_cuts_a_chain_of_a_hundred_thousand_without_recursion():
    names = [f"{i:06d}" for i in range(100_001)]
    _, result = cut(names[:-1], names[1:], np.ones(100_000), 1_000)
    assert np.unique(result, return_counts=True)[1].max() == 1_000


def test_gives_an_error_for_arrays_that_do_not_match():
    with pytest.raises(ValueError, match="shape"):
        cut(["a"], ["b"], np.array([0.5, 0.5]), 2)
