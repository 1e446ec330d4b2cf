"""The pairs that share a key, against all pairs by brute force; the pictures of a hot key are chained."""

from collections import Counter
from itertools import pairwise

import networkx as nx
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.mining.images.candidates import bucket_join
from pipelines.mining.images.candidates.bucket_join import IndexEntries, Probes, hot_key_count

ROWS = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 8), st.booleans()), max_size=80)
HASH_ORDER = np.array([5, 3, 8, 0, 1, 7, 2, 6, 4])
"""`hash_order` of each picture of ROWS."""


def keys_of(listed):
    """As the shuffle brings them: each (key, picture) once, in any order."""
    index, probes = (list(dict.fromkeys((k, p) for k, p, is_probe in listed if is_probe == side)) for side in (False, True))
    columns = [np.array([pair[side] for pair in pairs], np.int64) for pairs in (index, probes) for side in (0, 1)]
    return IndexEntries(columns[0], columns[1], HASH_ORDER[columns[1]]), Probes(*columns[2:])


def by_hand(listed, most):
    """Votes of each pair, hot keys left out."""
    votes = Counter()
    for key in {k for k, _, _ in listed}:
        indexed = {p for k, p, is_probe in listed if k == key and not is_probe}
        probing = {p for k, p, is_probe in listed if k == key and is_probe}
        if len(indexed) <= most:
            votes.update((min(a, b), max(a, b)) for a in probing for b in indexed if a != b)
    return votes


def votes_of(listed, most, links):
    votes = Counter()
    for part in bucket_join.bucket_join(*keys_of(listed), most, links):
        pairs = list(zip(part.l.tolist(), part.r.tolist(), strict=True))
        assert len(set(pairs)) == len(pairs)
        votes.update(dict(zip(pairs, part.votes.tolist(), strict=True)))
    return votes


@given(ROWS, st.integers(1, 30))
@settings(deadline=None)
def test_each_probe_is_paired_with_each_entry_of_its_key_however_many_are_answered_at_once(listed, at_once):
    before, bucket_join.PROBES_AT_ONCE = bucket_join.PROBES_AT_ONCE, at_once
    try:
        assert votes_of(listed, 100, 2) == by_hand(set(listed), 100)
    finally:
        bucket_join.PROBES_AT_ONCE = before


@given(ROWS, st.integers(1, 4))
@settings(deadline=None)
def test_the_entries_of_a_hot_key_are_a_chain_in_the_order_of_their_hashes(listed, most):
    quiet = by_hand(set(listed), most)
    entries = [
        sorted({p for q, p, is_probe in listed if q == k and not is_probe}, key=lambda p: HASH_ORDER[p]) for k in range(7)
    ]
    hot = [pictures for pictures in entries if len(pictures) > most]
    links = {tuple(sorted(pair)) for pictures in hot for pair in pairwise(pictures)}
    assert set(votes_of(listed, most, 1)) == set(quiet) | links
    assert hot_key_count(keys_of(listed)[0], most) == len(hot)


def test_ten_thousand_of_one_kind_make_a_connected_chain_and_no_square():
    n = 10_000
    index = IndexEntries(np.zeros(n, np.int64), np.arange(n), np.arange(n)[::-1].copy())
    probes = Probes(np.zeros(n, np.int64), np.arange(n))
    parts = bucket_join.bucket_join(index, probes, 50, 2)
    pairs = [pair for part in parts for pair in zip(part.l.tolist(), part.r.tolist(), strict=True)]
    assert len(pairs) == 2 * n - 3
    assert nx.is_connected(nx.Graph(pairs))
