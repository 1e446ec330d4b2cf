"""Repetition against a slow search."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pipelines.media.repetition import LONGEST_PERIOD, SHORTEST_REPEAT, repeated


@given(st.text("ab", max_size=80), st.text("abc", max_size=40))
def test_repetition_as_by_hand(left, right):
    codes = np.frombuffer((left + right).encode("utf-32-le"), np.uint32)
    expected = []
    for text in (left, right):
        flags = [False] * len(text)
        for period in range(1, LONGEST_PERIOD + 1):
            least = max(2 * period, SHORTEST_REPEAT)
            for begin in range(len(text) - period - least + 1):
                if all(text[k] == text[k + period] for k in range(begin, begin + least)):
                    flags[begin + period : begin + period + least] = [True] * least
        expected += flags
    assert repeated(codes, np.array([0, len(left), len(left) + len(right)])).tolist() == expected
