"""The Swing kernel against the sum written out."""

import numpy as np
import pytest

from pipelines.clicks import swing as module
from pipelines.clicks.swing import Users, shared_notes, swing
from tests.click_reference import swing_by_hand

NO_LIMIT = np.iinfo(np.int64).max


def users_of(note, seen, order=None):
    """The kernel's view of a note whose name is its hash."""
    names = order or [u for u in seen if note in seen[u]]
    notes = [list(seen[u]) for u in names]
    return Users(
        priority=np.array([int(u) for u in names]),
        note_count=np.array([len(n) for n in notes]),
        visited=np.array([m for n in notes for m in n], dtype=np.int64),
        lengths=np.array([len(n) for n in notes]),
    )


def world(seed, users=30, notes=12):
    """Users 0..29, each with 2 to 8 notes."""
    rng = np.random.default_rng(seed)
    chosen = [rng.choice(notes, rng.integers(2, 9), replace=False).tolist() for _ in range(users)]
    return {str(u): dict.fromkeys(c, 0) for u, c in enumerate(chosen)}


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("block", [3, 4096])
def test_is_the_sum_over_user_pairs(seed, block, monkeypatch):
    monkeypatch.setattr(module, "BLOCK", block)
    seen = world(seed)
    targets = np.arange(1, 12)
    found = swing(users_of(0, seen), targets, np.full(11, NO_LIMIT), 1.0)
    assert found == pytest.approx([swing_by_hand(seen, 0, int(b)) for b in targets], rel=1e-12)
    assert found.max() > 0


@pytest.mark.parametrize("seed", range(5))
def test_gives_the_same_bits_from_either_note_and_in_any_order_of_users(seed):
    seen, limit = world(seed), np.array([NO_LIMIT])
    forward = swing(users_of(0, seen), np.array([1]), limit, 0.5)
    reordered = [u for u in reversed(list(seen)) if 1 in seen[u]]
    assert forward == swing(users_of(1, seen, reordered), np.array([0]), limit, 0.5)


def test_looks_only_at_users_that_the_targets_cap_kept():
    seen = {"1": {0: 0, 1: 0}, "2": {0: 0, 1: 0}, "3": {0: 0, 1: 0}}
    two, one = swing(users_of(0, seen), np.array([1, 1]), np.array([2, 1]), 1.0)
    assert two == pytest.approx(0.5 / 3)
    assert one == 0


def test_falls_with_the_activity_of_the_users():
    quiet = {"1": dict.fromkeys((0, 1), 0), "2": dict.fromkeys((0, 1), 0)}
    busy = {"1": dict.fromkeys((0, 1, 2, 3), 0), "2": dict.fromkeys((0, 1, 4, 5), 0)}
    limit = np.array([NO_LIMIT])
    assert swing(users_of(0, busy), np.array([1]), limit, 1.0) < swing(users_of(0, quiet), np.array([1]), limit, 1.0)


def test_counts_shared_notes_as_sets_do():
    seen = world(9)
    notes = [set(n) for n in seen.values()]
    users = users_of(0, seen, list(seen))
    found = shared_notes(np.repeat(np.arange(30), users.lengths), users.visited, 30)
    # A note of one user is left out, so the diagonal says less than |I_u|; no pair reads it.
    wanted = np.array([[len(a & b) for b in notes] for a in notes])
    off = ~np.eye(30, dtype=bool)
    assert (found[off] == wanted[off]).all()
