"""Swing: two notes are alike when users who share little else click both."""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

BLOCK = 4096
"""Notes whose columns of the users x notes matrix are held at once."""


class Users(NamedTuple):
    """Users of one note, and the notes that each of them visited."""

    priority: NDArray[np.int64]
    """[U], a hash of the user: a note's cap keeps the lowest, so every note prefers the same users."""
    note_count: NDArray[np.int64]
    """[U], |I_u|: how many notes the user visited."""
    visited: NDArray[np.int64]
    """[sum of lengths], hashes of the notes, user after user; notes of one user only may be left out."""
    lengths: NDArray[np.int64]
    """[U], how many entries of `visited` are the user's."""


def swing(users: Users, targets: NDArray[np.int64], limits: NDArray[np.int64], alpha: float) -> NDArray[np.float64]:
    """Swing of one note with each target, [T]: sum over users u < v of both of w_u w_v / (alpha + |I_u ∩ I_v|).

    w_u = 1/sqrt(|I_u|) falls with the user's activity. A sum over the same users gives the
    same bits whichever of the two notes it is asked for, in whatever order they come: the
    terms are added exactly and rounded once.

    Args:
        users: those of the note, after its cap.
        targets: [T], hashes of the target notes.
        limits: [T], the highest priority that the target's own cap kept.
        alpha: smoothing, in notes.

    Cost: O(U^2) for a target, U^2 times the notes that two users share for the matrix of intersections.

    Source: Yang et al. 2020 (arXiv:2010.05525); the unordered sum, as METHOD.md section 3 has it.
    """
    owner = np.repeat(np.arange(len(users.lengths)), users.lengths)
    weight = 1.0 / np.sqrt(users.note_count.astype(np.float64))
    term = np.outer(weight, weight) / (alpha + shared_notes(owner, users.visited, len(weight)))
    scores = np.zeros(len(targets))
    for i, (target, limit) in enumerate(zip(targets, limits, strict=True)):
        both = np.unique(owner[(users.visited == target) & (users.priority[owner] <= limit)])
        pairs = term[np.ix_(both, both)][np.triu_indices(len(both), 1)]
        scores[i] = math.fsum(pairs.tolist())
    return scores


def shared_notes(owner: NDArray[np.int64], visited: NDArray[np.int64], users: int) -> NDArray[np.float64]:
    """|I_u ∩ I_v| of every two users, [users, users].

    Args:
        owner: [N], which user visited.
        visited: [N], which note; a user's notes are distinct.
        users: how many users there are.

    >>> shared_notes(np.array([0, 0, 1, 1]), np.array([5, 6, 6, 7]), 2)
    array([[1., 1.],
           [1., 1.]])
    """
    _, column, count = np.unique(visited, return_inverse=True, return_counts=True)
    shared = count[column] > 1
    # A note of one user meets no other user's; leaving it out keeps the matrix narrow.
    owner, column = owner[shared], np.unique(column[shared], return_inverse=True)[1]
    total = np.zeros((users, users), dtype=np.float64)
    for start in range(0, int(column.max(initial=-1)) + 1, BLOCK):
        inside = (column >= start) & (column < start + BLOCK)
        # Counts stay far below 2^24, so float32 products are exact in any order.
        dense = np.zeros((users, int(column[inside].max()) - start + 1), dtype=np.float32)
        dense[owner[inside], column[inside] - start] = 1.0
        total += dense @ dense.T
    return total
