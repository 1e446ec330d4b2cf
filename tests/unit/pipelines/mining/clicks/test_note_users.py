"""Audiences of notes against plain Python."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.mining.clicks.note_users import (
    EVERYONE,
    Audiences,
    Members,
    audiences,
    audiences_added,
    limits,
    lowest_users,
    weights,
)
from pipelines.mining.clicks.user_history import Histories

SEEN = st.dictionaries(st.integers(-9, 9), st.lists(st.integers(0, 4), min_size=2, unique=True), min_size=1)


def as_histories(seen):
    length = np.array([len(notes) for notes in seen.values()], np.int64)
    note = np.array([n for notes in seen.values() for n in notes], np.int64)
    return Histories(np.array(list(seen), np.int64), length, length, note, note)


@given(seen=SEEN, most=st.integers(1, 3))
def test_the_users_of_a_note_are_the_same_from_any_two_halves(seen, most):
    halves = [as_histories(dict(list(seen.items())[k::2])) for k in (0, 1)]
    sums = [audiences(half) for half in halves]
    total = audiences_added(Audiences(*(np.concatenate(column) for column in zip(*sums, strict=True))))
    near = [(half.note[at], half.owner()[at]) for half in halves for at in [lowest_users(half.note, half.owner(), most)]]
    members = Members(*(np.concatenate(column) for column in zip(*near, strict=True)))
    users = {n: sorted(u for u, notes in seen.items() if n in notes) for n in total.note.tolist()}
    assert sorted(users) == sorted({n for notes in seen.values() for n in notes})
    assert total.users.tolist() == [len(some) for some in users.values()]
    assert weights(total) == pytest.approx([sum(1 / len(seen[u]) for u in some) for some in users.values()], abs=1e-14)
    expected = [some[most - 1] if len(some) > most else EVERYONE for some in users.values()]
    assert limits(total, members, most).tolist() == expected
