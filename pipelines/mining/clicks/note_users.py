"""Who a note's users are: how many, what they weigh, and the few of them that Swing looks at. No engine."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from pipelines.engines.column_blocks import Ints, places, starts
from pipelines.mining.clicks import exact_reciprocal_sums
from pipelines.mining.clicks.user_history import Histories

EVERYONE = np.iinfo(np.int64).max
"""The limit of a note whose users are all looked at."""


class Audiences(NamedTuple):
    """[n] notes, or parts of their sums."""

    note: Ints
    users: Ints
    high: Ints
    """Of the sum of 1/N_u over them (reciprocal.py)."""
    low: Ints


class Members(NamedTuple):
    """[m] users of notes."""

    note: Ints
    user: Ints


def audiences(histories: Histories) -> Audiences:
    """Of the notes of some histories. Cost: O(n log n)."""
    weight = exact_reciprocal_sums.parts(np.repeat(histories.length, histories.length))
    return audiences_added(Audiences(histories.note, np.ones_like(histories.note), *weight))


def audiences_added(parts: Audiences) -> Audiences:
    """Each note once. Cost: O(n log n)."""
    order = np.argsort(parts.note)
    note = parts.note[order]
    new = starts(note)
    if not len(new):
        return parts
    return Audiences(note[new], *(np.add.reduceat(column[order], new) for column in parts[1:]))


def lowest(note: Ints, user: Ints, most: int) -> Ints:
    """Where the `most` lowest users of each note are, by note and user. Cost: O(n log n).

    >>> lowest(np.array([7, 7, 8, 7]), np.array([3, 1, 9, 2]), 2)
    array([1, 3, 2])
    """
    order = np.lexsort((user, note))
    return order[places(note[order]) < most]


def limits(audience: Audiences, members: Members, most: int) -> Ints:
    """The highest user of each note that is among its `most` lowest.

    Args:
        audience: by note, each once.
        members: their users, the `most` lowest at least; a note may have any number of others.
        most: users of a note that are looked at.
    """
    at = lowest(members.note, members.user, most)
    note, user = members.note[at], members.user[at]
    last = user[np.r_[starts(note)[1:], len(note)] - 1] if len(note) else user
    return np.where(audience.users > most, last, EVERYONE)


def weights(audience: Audiences) -> npt.NDArray[np.float64]:
    """The sum of 1/N_u over the users of each note."""
    return exact_reciprocal_sums.total(audience.high, audience.low)
