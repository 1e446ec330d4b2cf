"""Transitions: the users that went on from one note to another, added up over histories. No engine."""

import itertools
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from pipelines.engines.column_blocks import Ints, starts
from pipelines.mining.clicks import exact_reciprocal_sums
from pipelines.mining.clicks.user_history import Histories
from schemas.errors import UninoteError

PAIRS_AT_ONCE = 4_000_000
"""Pairs of visits that are processed at a time, some 80 bytes each."""
BITS = 63
"""Bits of a non-negative 64-bit integer."""


class Transitions(NamedTuple):
    """[n] directed pairs of notes a -> b, or parts of their sums."""

    a: Ints
    b: Ints
    users: Ints
    """Users who first clicked a strictly before they first clicked b."""
    high: Ints
    """Upper part of the sum of 1/N_u over them (exact_reciprocal_sums.py)."""
    low: Ints
    """Its lower part."""


class StrongestPairs(NamedTuple):
    """[n] the strongest pairs of each a."""

    a: Ints
    b: Ints
    users: Ints
    cooccurrence: npt.NDArray[np.float64]
    pair_count: Ints
    """How many pairs a had before the weakest were left out: at its first row, 0 at the others."""


def transitions(histories: Histories) -> Iterator[Transitions]:
    """The pairs of all histories, in pieces; `transitions_added` adds the sums of a pair up.

    Cost: O(p log p) for p = at most (N_u - 1) N_u / 2 pairs a user.
    """
    if not len(histories.note):
        return
    names, note = np.unique(histories.note, return_inverse=True)
    after = np.arange(len(note))
    after = np.repeat(np.cumsum(histories.length), histories.length) - after - 1  # visits of the same user after each
    weight = np.repeat(histories.length, histories.length)
    piece = (np.cumsum(after) - after) // PAIRS_AT_ONCE
    cuts = [*starts(piece).tolist(), len(note)]
    for begin, end in itertools.pairwise(cuts):
        yield _piece(names, note, histories.at, after, weight, slice(begin, end))


def _piece(names: Ints, note: Ints, at: Ints, after: Ints, weight: Ints, visits: slice) -> Transitions:
    """The pairs that begin with one of these visits."""
    count = after[visits]
    first = np.repeat(np.arange(visits.start, visits.stop), count)
    second = first + 1 + np.arange(len(first)) - np.repeat(np.cumsum(count) - count, count)
    later = at[first] < at[second]
    first, second = first[later], second[later]
    # One number holds a, b and N: numbers sort at twice the speed of an order of rows.
    wide, deep = (int(x).bit_length() for x in (len(names), weight.max(initial=0)))
    if 2 * wide + deep > BITS:
        raise UninoteError(
            f"pairs of {len(names):,} notes by users of up to {weight.max():,} notes do not fit into {BITS} bits; lower "
            "co_click.max_notes_per_user"
        )
    packed = np.sort((((note[first] << wide) | note[second]) << deep) | weight[first])
    new = starts(packed >> deep)
    high, low = exact_reciprocal_sums.parts(packed & ((1 << deep) - 1))
    pair = packed[new] >> deep
    users = np.diff(np.r_[new, len(packed)])
    a, b = names[pair >> wide], names[pair & ((1 << wide) - 1)]
    return Transitions(a, b, users, *(np.add.reduceat(part, new) if len(new) else part for part in (high, low)))


def transitions_added(parts: Transitions) -> Transitions:
    """The parts of each pair added up: each pair once, by a and b. Cost: O(n log n)."""
    order = np.lexsort((parts.b, parts.a))
    a, b = parts.a[order], parts.b[order]
    new = starts(a, b)
    if not len(new):
        return parts
    return Transitions(a[new], b[new], *(np.add.reduceat(column[order], new) for column in parts[2:]))


def strongest(pairs: Transitions, min_users: int, top: int) -> StrongestPairs:
    """The `top` pairs of each a with the highest co-occurrence, of those with enough users, and all that equal the last.

    Args:
        pairs: each once.
        min_users: fewest users of a pair.
        top: pairs of a note.

    Cost: O(n log n) in the pairs with enough users.
    """
    enough = pairs.users >= min_users
    a, b, users, high, low = (column[enough] for column in pairs)
    cooccurrence = exact_reciprocal_sums.total(high, low)
    order = np.lexsort((-cooccurrence, a))
    a, b, users, cooccurrence = a[order], b[order], users[order], cooccurrence[order]
    begin = starts(a)
    size = np.diff(np.r_[begin, len(a)]).astype(np.int64)
    last = np.repeat(cooccurrence[begin + np.minimum(size, top) - 1] if len(begin) else cooccurrence, size)
    pair_count = np.zeros(len(a), np.int64)
    pair_count[begin] = size
    kept = cooccurrence >= last
    return StrongestPairs(a[kept], b[kept], users[kept], cooccurrence[kept], pair_count[kept])
