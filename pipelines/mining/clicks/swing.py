"""Swing: two notes are similar when users who share few other notes click both. No engine."""

import itertools
import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pipelines.engines.column_blocks import Ints, starts
from pipelines.mining.clicks.shared_users import SampledUsers, Targets, shared_users

BLOCK = 4096
"""Columns (notes) of the users x notes matrix that are in memory at a time."""


def swing_of_targets(users: SampledUsers, targets: Targets, alpha: float) -> NDArray[np.float64]:
    """Swing of every pair of notes a and b, [t].

    Args:
        users: by note; of every a, no more users than its cap.
        targets: in any order.
        alpha: smoothing, in notes.

    Cost: that of `shared_users`, and of `swing` for each a that has two users of a target.
    """
    scores = np.zeros(len(targets.a))
    shared = shared_users(users, targets)
    enough = np.bincount(shared.target, minlength=len(scores))[shared.target] > 1
    rows, at = np.unique(shared.row[enough], return_inverse=True)
    users, target = users.only(rows), shared.target[enough]
    by_note = np.lexsort((target, users.note[at]))
    target, at = target[by_note], at[by_note]
    # Each of these rows has a hit, so rows and hits have the same notes in the same order.
    notes, hits = (np.r_[starts(note), len(note)] for note in (users.note, users.note[at]))
    for first, some, (begin, end) in zip(notes[:-1], users.cut(notes), itertools.pairwise(hits), strict=True):
        of = target[begin:end]
        new = starts(of)
        scores[of[new]] = swing(some, np.split(at[begin:end] - first, new[1:]), alpha)
    return scores


def swing(users: SampledUsers, both: Sequence[Ints], alpha: float) -> NDArray[np.float64]:
    """Swing of one note with each of its targets, [T]: sum over users u < v of both of w_u w_v / (alpha + |I_u ∩ I_v|).

    w_u = 1/sqrt(|I_u|) falls with the user's activity. A sum over the same users gives the
    same bits from either of the two notes and in any order: the terms are added exactly and rounded once.

    Args:
        users: users of the note that a target shares, each once.
        both: [T], the indices of those that each target shares.
        alpha: smoothing, in notes.

    Cost: O(U^2) for a target, U^2 times the notes that two users share for the matrix of intersections.

    Source: Yang et al. 2020 (arXiv:2010.05525); the unordered sum, as method.md section 3 has it.
    """
    owner = np.repeat(np.arange(len(users.length)), users.length)
    weight = 1.0 / np.sqrt(users.length.astype(np.float64))
    term = np.outer(weight, weight) / (alpha + shared_notes(owner, users.visited, len(weight)))
    return np.array([math.fsum(term[np.ix_(some, some)][np.triu_indices(len(some), 1)].tolist()) for some in both])


def shared_notes(owner: NDArray[np.int64], visited: NDArray[np.int64], users: int) -> NDArray[np.float64]:
    """|I_u ∩ I_v| of every two users, [users, users].

    Args:
        owner: [N], the user of each visit.
        visited: [N], its note; a user's notes are distinct.
        users: number of users.

    >>> shared_notes(np.array([0, 0, 1, 1]), np.array([5, 6, 6, 7]), 2)
    array([[1., 1.],
           [1., 1.]])
    """
    _, column, count = np.unique(visited, return_inverse=True, return_counts=True)
    shared = count[column] > 1
    # A note of a single user is in no intersection; leaving it out keeps the matrix narrow.
    owner, column = owner[shared], np.unique(column[shared], return_inverse=True)[1]
    total = np.zeros((users, users), dtype=np.float64)
    for start in range(0, int(column.max(initial=-1)) + 1, BLOCK):
        inside = (column >= start) & (column < start + BLOCK)
        # Counts stay far below 2^24, so float32 products are exact in any order.
        dense = np.zeros((users, int(column[inside].max()) - start + 1), dtype=np.float32)
        dense[owner[inside], column[inside] - start] = 1.0
        total += dense @ dense.T
    return total
