"""Pictures that meet under a key, against all pairs by brute force; a crowd is tied by a chain."""

from collections import Counter
from itertools import pairwise

import networkx as nx
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.mining.images.candidates import bucket_join
from pipelines.mining.images.candidates.bucket_join import Asking, Found, crowds, meetings

ROWS = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 8), st.booleans()), max_size=80)
NEAR = np.array([5, 3, 8, 0, 1, 7, 2, 6, 4])
"""For each picture of ROWS: in the order of these a chain goes."""


def keys_of(listed):
    """As the shuffle brings them: each (key, picture) once, in any order."""
    found, asking = (list(dict.fromkeys((k, p) for k, p, asks in listed if asks == side)) for side in (False, True))
    columns = [np.array([pair[side] for pair in pairs], np.int64) for pairs in (found, asking) for side in (0, 1)]
    return Found(columns[0], columns[1], NEAR[columns[1]]), Asking(*columns[2:])


def by_hand(listed, most):
    """Votes of each pair, where no key is crowded."""
    votes = Counter()
    for key in {k for k, _, _ in listed}:
        found = {p for k, p, asked in listed if k == key and not asked}
        asking = {p for k, p, asked in listed if k == key and asked}
        if len(found) <= most:
            votes.update((min(a, b), max(a, b)) for a in asking for b in found if a != b)
    return votes


def told(listed, most, links):
    votes = Counter()
    for met in meetings(*keys_of(listed), most, links):
        pairs = list(zip(met.l.tolist(), met.r.tolist(), strict=True))
        assert len(set(pairs)) == len(pairs)
        votes.update(dict(zip(pairs, met.votes.tolist(), strict=True)))
    return votes


@given(ROWS, st.integers(1, 30))
@settings(deadline=None)
def test_each_that_asks_meets_each_that_is_found_however_many_are_worked_on_at_once(listed, at_once):
    before, bucket_join.ASKED_AT_ONCE = bucket_join.ASKED_AT_ONCE, at_once
    try:
        assert told(listed, 100, 2) == by_hand(set(listed), 100)
    finally:
        bucket_join.ASKED_AT_ONCE = before


@given(ROWS, st.integers(1, 4))
@settings(deadline=None)
def test_the_found_ones_of_a_crowded_key_are_a_chain_in_the_order_of_their_hashes(listed, most):
    quiet = by_hand(set(listed), most)
    under = [sorted({p for q, p, asked in listed if q == k and not asked}, key=lambda p: NEAR[p]) for k in range(7)]
    crowded = [found for found in under if len(found) > most]
    links = {tuple(sorted(pair)) for found in crowded for pair in pairwise(found)}
    assert set(told(listed, most, 1)) == set(quiet) | links
    assert crowds(keys_of(listed)[0], most) == len(crowded)


def test_ten_thousand_of_one_kind_make_a_connected_chain_and_no_square():
    n = 10_000
    found = Found(np.zeros(n, np.int64), np.arange(n), np.arange(n)[::-1].copy())
    asking = Asking(np.zeros(n, np.int64), np.arange(n))
    pairs = [pair for met in meetings(found, asking, 50, 2) for pair in zip(met.l.tolist(), met.r.tolist(), strict=True)]
    assert len(pairs) == 2 * n - 3
    assert nx.is_connected(nx.Graph(pairs))
