"""User histories: each user's notes in the order of their first clicks. No engine.

Users and notes are 64-bit numbers here.
"""

from typing import NamedTuple

import numpy as np

from pipelines.engines.column_blocks import Ints, places, starts


class Visits(NamedTuple):
    """[n] clicks, or several of one user on one note as one row."""

    user: Ints
    note: Ints
    at: Ints
    """Time of the first click."""
    clicks: Ints


class Histories(NamedTuple):
    """Users, and the notes of all of them end to end."""

    user: Ints
    """[U] each once."""
    clicks: Ints
    """[U]"""
    length: Ints
    """[U] N_u: how many notes."""
    note: Ints
    """[sum of lengths] user after user, in the order of the first clicks."""
    at: Ints
    """[sum of lengths]"""

    def owner(self) -> Ints:
        """[sum of lengths] the user of each note."""
        return np.repeat(self.user, self.length)

    def only(self, which: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> "Histories":
        """Those of some users, [U]."""
        inside = np.repeat(which, self.length)
        return Histories(self.user[which], self.clicks[which], self.length[which], self.note[inside], self.at[inside])


def tied_pairs(histories: Histories) -> int:
    """How many pairs of notes a user first clicked at the same time: neither came before the other. Cost: O(n)."""
    if not len(histories.at):
        return 0
    run = np.diff(np.r_[starts(np.repeat(np.arange(len(histories.length)), histories.length), histories.at), len(histories.at)])
    return int((run * (run - 1) // 2).sum())


def first_visits(clicks: Visits) -> Visits:
    """Each user and note once, at the first click, by user and note. Cost: O(n log n)."""
    order = np.lexsort((clicks.note, clicks.user))
    user, note = clicks.user[order], clicks.note[order]
    new = starts(user, note)
    if not len(new):
        return clicks
    at, count = np.minimum.reduceat(clicks.at[order], new), np.add.reduceat(clicks.clicks[order], new)
    return Visits(user[new], note[new], at, count)


def bounded(clicks: Visits, most: int) -> Visits:
    """The same clicks, with at most `most` + 1 rows for a user with more notes than that (a bot).

    The last of these rows has the clicks of all rows that are not kept. Such a user does not count in any case, wherever
    its other clicks are, and its clicks are still counted.

    Cost: O(n log n).
    """
    busy = _busy(clicks.user, most)
    if not busy.any():
        return clicks
    visits = first_visits(Visits(*(column[busy] for column in clicks)))
    kept = places(visits.user) <= most
    # A row that is not kept adds to the last kept one before it, which is its user's.
    count = np.add.reduceat(visits.clicks, np.flatnonzero(kept))
    cut = Visits(visits.user[kept], visits.note[kept], visits.at[kept], count)
    return Visits(*(np.concatenate([column[~busy], few]) for column, few in zip(clicks, cut, strict=True)))


def _busy(user: Ints, most: int) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """[n] whether the row's user has more than `most` rows."""
    order = np.argsort(user)
    begin = starts(user[order])
    size = np.diff(np.r_[begin, len(user)])
    busy = np.zeros(len(user), np.bool_)
    busy[order] = np.repeat(size > most, size)
    return busy


def histories(clicks: Visits) -> Histories:
    """All clicks of some users, as their histories; notes of one instant in the order of their numbers.

    Cost: O(n log n), some 150 bytes a row.
    """
    visits = first_visits(clicks)
    begin = starts(visits.user)
    length = np.diff(np.r_[begin, len(visits.user)]).astype(np.int64)
    order = np.lexsort((visits.at, np.repeat(np.arange(len(begin)), length)))  # stable: equal instants stay by note
    count = np.add.reduceat(visits.clicks, begin) if len(begin) else visits.clicks
    return Histories(visits.user[begin], count, length, visits.note[order], visits.at[order])
