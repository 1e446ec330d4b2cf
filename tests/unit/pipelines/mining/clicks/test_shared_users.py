"""Users that two notes share against sets."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.mining.clicks import shared_users as module
from pipelines.mining.clicks.note_users import lowest
from pipelines.mining.clicks.shared_users import Looks, Targets, looks, shared_users
from tests.unit.pipelines.mining.clicks.test_note_users import SEEN, as_histories


def gathered(seen, most, at_once):
    """The looks of all, from two halves of the users, in pieces."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "NOTES_AT_ONCE", at_once)
        pieces = [p for k in (0, 1) for p in looks(as_histories(dict(list(seen.items())[k::2])), most)]
    found = Looks(*(np.concatenate(column) for column in zip(*pieces, strict=True)))
    return found.only(lowest(found.note, found.user, most))


@given(
    seen=SEEN,
    most=st.integers(1, 4),
    at_once=st.sampled_from([1, 5, 10**6]),
    pairs=st.sets(st.tuples(*[st.integers(0, 5)] * 2)),
)
def test_finds_who_is_in_both_notes_under_both_caps(seen, most, at_once, pairs):
    found = gathered(seen, most, at_once)
    users = {n: sorted(u for u, notes in seen.items() if n in notes)[:most] for n in range(6)}
    for n, some in users.items():
        assert found.user[found.note == n].tolist() == some
    rows = np.split(found.visited, np.cumsum(found.length)[:-1])
    assert [sorted(row.tolist()) for row in rows] == [sorted(seen[u]) for u in found.user.tolist()]

    a, b = (np.array([pair[k] for pair in pairs], np.int64) for k in (0, 1))
    last = np.array([users[n][-1] if users[n] else 0 for n in b.tolist()], np.int64)
    shared = shared_users(found, Targets(a, b, last))
    assert np.all(np.diff(shared.target) >= 0)
    told = {(int(a[t]), int(b[t]), int(found.user[r])) for t, r in zip(*shared, strict=True)}
    assert len(told) == len(shared.row)
    assert np.all(found.note[shared.row] == a[shared.target])
    assert told == {(x, y, u) for x, y in pairs for u in set(users[x]) & set(users[y])}
