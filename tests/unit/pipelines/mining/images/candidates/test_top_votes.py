"""The best pairs of each picture, against sorting by hand."""

from collections import Counter

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pipelines.mining.images.candidates.top_votes import top_votes

ROWS = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 9), st.integers(1, 4)).filter(lambda row: row[0] != row[1]))


@given(ROWS, st.integers(1, 4))
def test_keeps_those_with_the_most_votes_of_each_picture(rows, most):
    votes = Counter()
    for of, other, count in rows:
        votes[of, other] += count
    expected = []
    for picture in range(6):
        own = sorted((-count, other) for (of, other), count in votes.items() if of == picture)
        expected += [(picture, other, -count) for count, other in own[:most]]
    top = top_votes(*(np.array([row[k] for row in rows], np.int64) for k in range(3)), most)
    assert list(zip(top.of.tolist(), top.other.tolist(), top.votes.tolist(), strict=True)) == expected
    assert top.pair_count == sum(of < other for of, other in votes)
