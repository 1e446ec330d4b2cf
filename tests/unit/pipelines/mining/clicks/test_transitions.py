"""Pairs of notes against plain Python."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.mining.clicks import exact_reciprocal_sums
from pipelines.mining.clicks import transitions as module
from pipelines.mining.clicks.transitions import Transitions, strongest, transitions, transitions_added
from pipelines.mining.clicks.user_history import Histories
from schemas.errors import UninoteError
from tests.support.click_reference import transitions as by_hand

NOTE = st.sampled_from([-(2**63), -5, 0, 1, 2, 3, 2**63 - 1])
SEEN = st.lists(st.dictionaries(NOTE, st.integers(0, 3), min_size=2, max_size=5), max_size=12)


def as_histories(seen):
    ordered = [sorted(notes.items(), key=lambda visit: (visit[1], visit[0])) for notes in seen]
    length = np.array([len(notes) for notes in seen], np.int64)
    note, at = (np.array([visit[k] for notes in ordered for visit in notes], np.int64) for k in (0, 1))
    return Histories(np.arange(len(seen)), length, length, note, at)


def summed(seen):
    pieces = [*transitions(as_histories(seen)), Transitions(*np.zeros((5, 0), np.int64))]
    return transitions_added(Transitions(*(np.concatenate(column) for column in zip(*pieces, strict=True))))


@given(seen=SEEN, top=st.integers(1, 3), at_once=st.sampled_from([1, 3, 10**6]))
def test_agrees_with_plain_python(seen, top, at_once):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "PAIRS_AT_ONCE", at_once)
        result = strongest(summed(seen), 2, top)
    users = dict(enumerate(seen))
    every, best = by_hand(users, top=99), by_hand(users, top=top)
    rows = {(a, b): (n, weight) for a, b, n, weight in zip(*(column.tolist() for column in result[:4]), strict=True)}
    assert len(rows) == len(result.a)
    for pair, (n, weight) in rows.items():
        assert n == every[pair][0]
        assert weight == pytest.approx(float(every[pair][1]), abs=1e-14)
    # All that equal the last of the best are there too, for a name to choose among, and nothing weaker.
    least = {a: min(total for (other, _), (_, total, _) in best.items() if other == a) for a, _ in best}
    assert rows.keys() == {pair for pair, (_, total, _) in every.items() if total >= least[pair[0]]}
    assert int(result.pair_count.sum()) == len(every)


@given(SEEN)
def test_adds_every_term_once(seen):
    result = summed(seen)
    pairs = {(a, b): [] for a, b in zip(result.a.tolist(), result.b.tolist(), strict=True)}
    for notes in seen:
        for a in notes:
            for b in notes:
                if notes[a] < notes[b]:
                    pairs[a, b].append(len(notes))
    for pair, *parts in zip(pairs, result.users.tolist(), result.high.tolist(), result.low.tolist(), strict=True):
        exact = [np.array(pairs[pair])] if pairs[pair] else []
        assert parts == [len(pairs[pair]), *(int(part.sum()) for n in exact for part in exact_reciprocal_sums.parts(n))]


def test_users_of_too_many_notes_are_an_error_that_names_the_setting(monkeypatch):
    monkeypatch.setattr(module, "BITS", 3)
    with pytest.raises(UninoteError, match="max_notes_per_user"):
        list(transitions(as_histories([{1: 0, 2: 1}])))


def test_a_thousand_million_users_of_one_pair_fit():
    high, low = (10**9 * part for part in exact_reciprocal_sums.parts(np.array([2])))
    assert exact_reciprocal_sums.total(high, low) == [5e8]


def test_fractions_add_up_to_the_last_digit_in_any_order():
    n = np.arange(2, 100_002) % 199 + 2
    expected = float(sum(Fraction(1, int(k)) for k in n))
    sums = set()
    for seed in range(3):
        high, low = exact_reciprocal_sums.parts(np.random.default_rng(seed).permutation(n))
        sums.add(float(exact_reciprocal_sums.total(high.sum(), low.sum())))
    assert len(sums) == 1
    assert sums.pop() == pytest.approx(expected, rel=1e-14)
