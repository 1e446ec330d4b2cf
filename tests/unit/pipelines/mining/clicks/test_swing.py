"""Swing against the sum written out."""

import numpy as np
import pytest

from pipelines.mining.clicks import swing as module
from pipelines.mining.clicks.note_users import EVERYONE
from pipelines.mining.clicks.shared_users import SampledUsers, Targets, sampled_users
from pipelines.mining.clicks.swing import shared_notes, swing_of_targets
from pipelines.mining.clicks.user_history import Histories
from tests.support.click_reference import swing_by_hand


def users_of(seen):
    """All users of all notes; a user's name is its number, a note's name its own."""
    length = np.array([len(notes) for notes in seen.values()])
    note = np.array([n for notes in seen.values() for n in notes], np.int64)
    pieces = list(sampled_users(Histories(np.array([int(u) for u in seen]), length, length, note, note), 10**6))
    return SampledUsers(*(np.concatenate(column) for column in zip(*pieces, strict=True)))


def swings(seen, pairs, alpha=1.0, last=None):
    a, b = np.array(pairs).T
    limit = np.full(len(a), EVERYONE) if last is None else np.array(last)
    return swing_of_targets(users_of(seen), Targets(a, b, limit), alpha)


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
    pairs = np.random.default_rng(seed).permutation([(a, b) for a in range(12) for b in range(13) if a != b])
    expected = [swing_by_hand(seen, int(a), int(b)) for a, b in pairs]
    assert swings(seen, pairs) == pytest.approx(expected, rel=1e-12)
    assert max(expected) > 0


@pytest.mark.parametrize("seed", range(5))
def test_gives_the_same_bits_from_either_note_and_in_any_order_of_users(seed):
    seen = world(seed)
    turned = dict(reversed(seen.items()))
    pairs = np.array([(a, b) for b in range(12) for a in range(b)])
    forward = swings(seen, pairs, alpha=0.5)
    assert forward.tolist() == swings(turned, pairs[:, ::-1], alpha=0.5).tolist()
    assert np.count_nonzero(forward) > 10


def test_compares_only_users_that_the_targets_cap_kept():
    seen = {str(u): {0: 0, 1: 0, 2: 0} for u in (1, 2, 3)}
    two, one = swings(seen, [(0, 1), (0, 2)], last=[2, 1])
    assert two == pytest.approx(1 / 3 / (1 + 3))
    assert one == 0


def test_falls_with_the_activity_of_the_users():
    quiet = {"1": dict.fromkeys((0, 1), 0), "2": dict.fromkeys((0, 1), 0)}
    busy = {"1": dict.fromkeys((0, 1, 2, 3), 0), "2": dict.fromkeys((0, 1, 4, 5), 0)}
    assert swings(busy, [(0, 1)]) < swings(quiet, [(0, 1)])


def test_counts_shared_notes_as_sets_do():
    seen = world(9)
    notes = [set(n) for n in seen.values()]
    visited = np.array([m for n in seen.values() for m in n])
    result = shared_notes(np.repeat(np.arange(30), [len(n) for n in notes]), visited, 30)
    # A note of one user is left out, so the diagonal says less than |I_u|; no pair reads it.
    expected = np.array([[len(a & b) for b in notes] for a in notes])
    off = ~np.eye(30, dtype=bool)
    assert (result[off] == expected[off]).all()
