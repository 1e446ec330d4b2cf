"""Pictures that meet under a key, against all pairs by brute force; a crowd is tied by a chain."""

from collections import Counter
from itertools import combinations, pairwise

import networkx as nx
import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.images import meeting
from pipelines.images.meeting import Rows, met_under, whole_runs

ROWS = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 8), st.booleans()), max_size=80)


def rows_of(listed):
    ordered = sorted(set(listed))
    key, picture, asked = (np.array(column) for column in zip(*ordered, strict=True)) if ordered else ([], [], [])
    return Rows(np.array(key, np.int64), np.array(picture, np.int64), np.array(asked, bool))


def by_hand(listed, most):
    """Votes of each pair, where no key is crowded."""
    votes = Counter()
    for key in {k for k, _, _ in listed}:
        found = {p for k, p, asked in listed if k == key and not asked}
        asking = {p for k, p, asked in listed if k == key and asked}
        if len(found) <= most:
            votes.update((min(a, b), max(a, b)) for a in asking for b in found if a != b)
    return votes


def told(met):
    return Counter(dict(zip(zip(met.l.tolist(), met.r.tolist(), strict=True), met.votes.tolist(), strict=True)))


@given(ROWS)
@settings(deadline=None)
def test_each_that_asks_meets_each_that_is_found(listed):
    assert told(met_under(rows_of(listed), 100, 2)) == by_hand(set(listed), 100)


@given(ROWS, st.integers(1, 4))
@settings(deadline=None)
def test_the_found_ones_of_a_crowded_key_are_a_chain(listed, most):
    met = met_under(rows_of(listed), most, 1)
    quiet, pairs = by_hand(set(listed), most), set(told(met))
    crowds = [found for k in range(7) if len(found := sorted({p for q, p, asked in listed if q == k and not asked})) > most]
    links = {pair for found in crowds for pair in pairwise(found)}
    assert pairs == set(quiet) | links
    assert met.crowded == len(crowds)


@given(ROWS, st.integers(1, 7), st.integers(1, 30))
@settings(deadline=None)
def test_however_the_rows_are_cut_into_batches_each_key_stays_whole(listed, size, most_rows):
    rows = rows_of(listed)
    table = pa.table({"key": rows.key, "picture": rows.picture, "asked": rows.asked})
    before, meeting.MOST_ROWS = meeting.MOST_ROWS, most_rows
    try:
        runs = list(whole_runs(table.to_batches(max_chunksize=size)))
    finally:
        meeting.MOST_ROWS = before
    assert np.concatenate([r.picture for r in runs] or [[]]).tolist() == rows.picture.tolist()
    seen = [set(r.key.tolist()) for r in runs]
    assert all(not a & b for a, b in combinations(seen, 2))


def test_ten_thousand_of_one_kind_make_a_connected_chain_and_no_square():
    n = 10_000
    rows = Rows(np.zeros(n, np.int64), np.arange(n), np.zeros(n, bool))
    met = met_under(rows, 50, 2)
    assert len(met.l) == 2 * n - 3
    assert nx.is_connected(nx.Graph(list(zip(met.l.tolist(), met.r.tolist(), strict=True))))
