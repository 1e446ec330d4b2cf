"""The candidate pairs of each picture that have the most votes. No engine."""

from typing import NamedTuple

import numpy as np

from pipelines.engines.column_blocks import Ints, places, starts


class TopPairs(NamedTuple):
    """[n] pairs, some of them from both of their ends."""

    of: Ints
    other: Ints
    votes: Ints
    pair_count: int
    """How many pairs there were before the cap, each counted at the smaller of its ends."""


def top_votes(of: Ints, other: Ints, votes: Ints, max_pairs: int) -> TopPairs:
    """The `max_pairs` others with the most votes of each picture `of`; of equal votes those with the smaller number.

    Args:
        of: [n] all rows of these pictures; a pair (of, other) may come in several, whose votes are summed.
        other: [n]
        votes: [n]
        max_pairs: pairs that are kept of a picture.

    Cost: O(n log n), some 60 bytes a row.
    """
    order = np.lexsort((other, of))
    of, other, votes = of[order], other[order], votes[order]
    new = starts(of, other)
    of, other, votes = of[new], other[new], np.add.reduceat(votes, new) if len(new) else votes
    order = np.lexsort((-votes, of))  # stable: equal votes stay in the order of the others
    kept = order[places(of) < max_pairs]
    return TopPairs(of[kept], other[kept], votes[kept], int((of < other).sum()))
