"""The users of a note: their count, their weight, and the few of them that Swing compares. No engine."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from pipelines.engines.column_blocks import Ints, places, starts
from pipelines.mining.clicks import exact_reciprocal_sums
from pipelines.mining.clicks.user_history import Histories

EVERYONE = np.iinfo(np.int64).max
"""The limit of a note whose users are all compared."""


class Audiences(NamedTuple):
    """[n] notes, or parts of their sums."""

    note: Ints
    users: Ints
    high: Ints
    """Upper part of the sum of 1/N_u over them (exact_reciprocal_sums.py)."""
    low: Ints
    """Its lower part."""


class Members(NamedTuple):
    """[m] users of notes."""

    note: Ints
    user: Ints


def audiences(histories: Histories) -> Audiences:
    """The audiences of the notes of some histories. Cost: O(n log n)."""
    weight = exact_reciprocal_sums.parts(np.repeat(histories.length, histories.length))
    return audiences_added(Audiences(histories.note, np.ones_like(histories.note), *weight))


def audiences_added(parts: Audiences) -> Audiences:
    """The parts of each note added up: each note once. Cost: O(n log n)."""
    order = np.argsort(parts.note)
    note = parts.note[order]
    new = starts(note)
    if not len(new):
        return parts
    return Audiences(note[new], *(np.add.reduceat(column[order], new) for column in parts[1:]))


def lowest_users(note: Ints, user: Ints, most: int) -> Ints:
    """Indices of the `most` lowest users of each note, by note and user. Cost: O(n log n).

    >>> lowest_users(np.array([7, 7, 8, 7]), np.array([3, 1, 9, 2]), 2)
    array([1, 3, 2])
    """
    order = np.lexsort((user, note))
    return order[places(note[order]) < most]


def limits(audience: Audiences, members: Members, most: int) -> Ints:
    """The highest user of each note that is among its `most` lowest.

    Args:
        audience: by note, each once.
        members: their users, the `most` lowest at least; a note may have any number of others.
        most: users of a note that are compared.
    """
    at = lowest_users(members.note, members.user, most)
    note, user = members.note[at], members.user[at]
    last = user[np.r_[starts(note)[1:], len(note)] - 1] if len(note) else user
    return np.where(audience.users > most, last, EVERYONE)


def weights(audience: Audiences) -> npt.NDArray[np.float64]:
    """The sum of 1/N_u over the users of each note."""
    return exact_reciprocal_sums.total(audience.high, audience.low)
