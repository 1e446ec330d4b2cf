"""Histories against plain Python."""

from collections import defaultdict

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pipelines.mining.clicks.user_history import Visits, bounded, histories, tied_pairs

CLICK = st.tuples(st.integers(-3, 3), st.integers(-4, 4), st.integers(0, 5), st.integers(1, 3))
MOST = 3


def columns(clicks):
    return Visits(*(np.array(column, np.int64) for column in (zip(*clicks, strict=True) if clicks else [()] * 4)))


def by_user(result):
    """{user: (clicks, [(note, at), ...])}"""
    ends = np.cumsum(result.length)
    visits = list(zip(result.note.tolist(), result.at.tolist(), strict=True))
    users = zip(result.user.tolist(), result.clicks.tolist(), ends - result.length, ends, strict=True)
    return {user: (clicks, visits[begin:end]) for user, clicks, begin, end in users}


@given(st.lists(CLICK))
def test_holds_each_users_notes_in_the_order_of_their_first_clicks(clicks):
    first, count = defaultdict(dict), defaultdict(int)
    for user, note, at, times in clicks:
        first[user][note] = min(at, first[user].get(note, at))
        count[user] += times
    expected = {u: (count[u], sorted(notes.items(), key=lambda visit: (visit[1], visit[0]))) for u, notes in first.items()}
    assert by_user(histories(columns(clicks))) == expected


@given(st.lists(CLICK), st.integers(1, 5))
def test_who_has_too_many_notes_is_cut_before_and_still_has_too_many_and_all_clicks(clicks, piece):
    pieces = [bounded(columns(clicks[i : i + piece]), MOST) for i in range(0, len(clicks), piece)] or [columns([])]
    cut = by_user(histories(Visits(*(np.concatenate(column) for column in zip(*pieces, strict=True)))))
    for user, (count, visits) in by_user(histories(columns(clicks))).items():
        assert cut[user][0] == count
        assert cut[user][1] == visits if len(visits) <= MOST else len(cut[user][1]) > MOST


def test_a_bot_sends_one_note_more_than_its_cap():
    bot = [(7, note, 1, 1) for note in range(1000)] + [(7, 0, 0, 1)] * 10
    cut = bounded(columns([*bot, (8, 1, 1, 1)]), MOST)
    assert sorted(cut.user.tolist()) == [7, 7, 7, 7, 8]
    assert cut.clicks[cut.user == 7].sum() == 1010


@given(st.lists(CLICK))
def test_pairs_without_an_order_are_counted(clicks):
    result = histories(columns(clicks))
    visits = [visits for _, visits in by_user(result).values()]
    assert tied_pairs(result) == sum(a[1] == b[1] for some in visits for k, a in enumerate(some) for b in some[:k])
