"""Users that two notes share against sets."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.mining.clicks import shared_users as module
from pipelines.mining.clicks.note_users import lowest_users
from pipelines.mining.clicks.shared_users import SampledUsers, Targets, sampled_users, shared_users
from tests.unit.pipelines.mining.clicks.test_note_users import SEEN, as_histories


def gathered(seen, most, at_once):
    """The sampled users of all notes, from two halves of the users, in pieces."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "NOTES_AT_ONCE", at_once)
        pieces = [p for k in (0, 1) for p in sampled_users(as_histories(dict(list(seen.items())[k::2])), most)]
    result = SampledUsers(*(np.concatenate(column) for column in zip(*pieces, strict=True)))
    return result.only(lowest_users(result.note, result.user, most))


@given(
    seen=SEEN,
    most=st.integers(1, 4),
    at_once=st.sampled_from([1, 5, 10**6]),
    pairs=st.sets(st.tuples(*[st.integers(0, 5)] * 2)),
)
def test_finds_who_is_in_both_notes_under_both_caps(seen, most, at_once, pairs):
    result = gathered(seen, most, at_once)
    users = {n: sorted(u for u, notes in seen.items() if n in notes)[:most] for n in range(6)}
    for n, some in users.items():
        assert result.user[result.note == n].tolist() == some
    rows = np.split(result.visited, np.cumsum(result.length)[:-1])
    assert [sorted(row.tolist()) for row in rows] == [sorted(seen[u]) for u in result.user.tolist()]

    a, b = (np.array([pair[k] for pair in pairs], np.int64) for k in (0, 1))
    last = np.array([users[n][-1] if users[n] else 0 for n in b.tolist()], np.int64)
    shared = shared_users(result, Targets(a, b, last))
    assert np.all(np.diff(shared.target) >= 0)
    triples = {(int(a[t]), int(b[t]), int(result.user[r])) for t, r in zip(*shared, strict=True)}
    assert len(triples) == len(shared.row)
    assert np.all(result.note[shared.row] == a[shared.target])
    assert triples == {(x, y, u) for x, y in pairs for u in set(users[x]) & set(users[y])}
