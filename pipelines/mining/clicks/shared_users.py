"""The users that two notes share, among the sampled users of each. No engine."""

import itertools
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from pipelines.engines.column_blocks import Ints, starts
from pipelines.mining.clicks.note_users import lowest_users
from pipelines.mining.clicks.user_history import Histories

NOTES_AT_ONCE = 4_000_000
"""Entries of histories that are copied at a time, 8 bytes each."""


class SampledUsers(NamedTuple):
    """[m] the sampled users of notes, each with its history."""

    note: Ints
    user: Ints
    length: Ints
    visited: Ints
    """[sum of lengths] the user's notes, row after row."""

    def only(self, rows: Ints) -> "SampledUsers":
        """These rows, in this order. Cost: that of all rows."""
        length = self.length[rows]
        entries = _ranges(np.cumsum(self.length)[rows] - length, length)
        return SampledUsers(self.note[rows], self.user[rows], length, self.visited[entries])

    def cut(self, bounds: Ints) -> Iterator["SampledUsers"]:
        """The rows between each bound and the next."""
        ends = np.r_[0, np.cumsum(self.length)][bounds]
        for rows, entries in zip(_slices(bounds), _slices(ends), strict=True):
            yield SampledUsers(self.note[rows], self.user[rows], self.length[rows], self.visited[entries])


class Targets(NamedTuple):
    """[t] pairs of notes a, b, each once."""

    a: Ints
    b: Ints
    last_user: Ints
    """The highest sampled user of b."""


class SharedUsers(NamedTuple):
    """[h] a user of both notes of a target."""

    target: Ints
    """Index of the target, ascending."""
    row: Ints
    """Index of the user in SampledUsers."""


def sampled_users(histories: Histories, most: int) -> Iterator[SampledUsers]:
    """The `most` lowest users of each note of these histories, in pieces: others may have lower ones.

    Cost: O(n log n) in the notes of all histories, linear in those of the sampled users.
    """
    at = lowest_users(histories.note, histories.owner(), most)
    user = np.repeat(np.arange(len(histories.user)), histories.length)[at]
    length = histories.length[user]
    piece = (np.cumsum(length) - length) // NOTES_AT_ONCE
    for rows in np.split(np.arange(len(at)), starts(piece)[1:]):
        who, size = user[rows], length[rows]
        visited = histories.note[_ranges(np.cumsum(histories.length)[who] - size, size)]
        yield SampledUsers(histories.note[at[rows]], histories.user[who], size, visited)


def shared_users(users: SampledUsers, targets: Targets) -> SharedUsers:
    """The sampled users of a that visited b, too, and are sampled users of b.

    Args:
        users: of every a, no more users than its cap.
        targets: in any order.

    Cost: O(n log t) in the entries of the histories.
    """
    a, b = np.unique(targets.a), np.unique(targets.b)
    rows, of = _matches(users.note, a)
    users = users.only(rows)
    entries, other = _matches(users.visited, b)
    row = np.repeat(np.arange(len(rows)), users.length)[entries]
    key = np.searchsorted(a, targets.a) * len(b) + np.searchsorted(b, targets.b)
    order = np.argsort(key)
    hits, place = _matches(of[row] * len(b) + other, key[order])
    target, row = order[place], row[hits]
    inside = users.user[row] <= targets.last_user[target]
    target, row = target[inside], row[inside]
    by_target = np.lexsort((row, target))
    return SharedUsers(target[by_target], rows[row[by_target]])


def _matches(values: Ints, among: Ints) -> tuple[Ints, Ints]:
    """Indices of the values that are among the ascending others, and their indices there."""
    if not len(among):
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    place = np.searchsorted(among, values)
    place[place == len(among)] = 0
    matching = np.flatnonzero(among[place] == values)
    return matching, place[matching]


def _slices(bounds: Ints) -> Iterator[slice]:
    return itertools.starmap(slice, itertools.pairwise(bounds.tolist()))


def _ranges(begin: Ints, length: Ints) -> Ints:
    """begin[0], begin[0] + 1, ... begin[0] + length[0] - 1, begin[1], ...

    >>> _ranges(np.array([5, 0]), np.array([2, 3]))
    array([5, 6, 0, 1, 2])
    """
    return np.repeat(begin - (np.cumsum(length) - length), length) + np.arange(int(length.sum()))
