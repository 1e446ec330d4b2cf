"""The independent count of shared letters is right against the longest common run of each pair."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from benchmarks.real_texts.shared_letters import letters, sharing


def longest_common_run(a, b):
    return max((k - j for j in range(len(a) + 1) for k in range(j, len(a) + 1) if a[j:k] in b), default=0)


@given(st.lists(st.text("abＡé ,。", max_size=12), max_size=5), st.integers(1, 6))
def test_pairs_that_share_a_run_are_those_whose_longest_common_run_is_as_long(texts, run):
    notes = {str(k): text for k, text in enumerate(texts)}
    expected = {
        (a, b)
        for a, b in itertools.combinations(sorted(notes), 2)
        if longest_common_run(letters(notes[a]), letters(notes[b])) >= run
    }
    assert sharing(notes, run) == expected


def test_letters_ignore_case_width_and_marks():
    assert letters("Ａb, C。 9!") == "abc9"
