"""Search, MaxSim and merging against every product in turn, over numbers small enough to tie all the time."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from pipelines.media.passage_match import without
from pipelines.media.text_fold import fold
from pipelines.negatives.search.exact_search import Search, exact, merge
from pipelines.negatives.search.maxsim import best_notes, maxsim, merge_notes

SMALL = Search(memory_mb=1, slack=0)


@st.composite
def searches(draw):
    n, m, d = draw(st.integers(1, 4)), draw(st.integers(1, 30)), draw(st.integers(1, 4))
    number = st.integers(-2, 2).map(float)
    queries, corpus = (draw(arrays(np.float32, (rows, d), elements=number)) for rows in (n, m))
    return queries, corpus, draw(st.integers(1, 12)), draw(st.lists(st.integers(0, m), max_size=3).map(sorted))


def ranked(scores, k):
    """Names of {name: score}, best first, of equal scores the smaller; filled with -1."""
    order = sorted(scores, key=lambda name: (-scores[name], name))[:k]
    return order + [-1] * (k - len(order))


@given(searches())
def test_the_search_is_every_product_in_turn_whole_and_split(case):
    queries, corpus, k, cuts = case
    wanted = [ranked({row: float(q @ c) for row, c in enumerate(corpus)}, k) for q in queries]
    assert exact(queries, corpus, k, SMALL).rows.tolist() == wanted
    parts = [exact(queries, corpus[rows], k, SMALL, names=rows) for rows in np.split(np.arange(len(corpus)), cuts)]
    assert merge(parts, k).rows.tolist() == wanted


@given(searches(), st.data())
def test_maxsim_is_the_best_element_of_each_note_whole_and_split(case, data):
    queries, elements, k, cuts = case
    owners = np.array(data.draw(st.lists(st.integers(0, 6), min_size=len(elements), max_size=len(elements))))
    wanted = []
    for q in queries:
        best = {}
        for owner, element in zip(owners.tolist(), elements, strict=True):
            best[owner] = max(best.get(owner, -np.inf), float(q @ element))
        wanted.append(ranked(best, k))
    assert best_notes(queries, elements, owners, k, SMALL).rows.tolist() == wanted
    parts = [best_notes(queries, elements[r], owners[r], k, SMALL) for r in np.split(np.arange(len(elements)), cuts)]
    assert merge_notes(parts, k).rows.tolist() == wanted


@given(searches(), st.data())
def test_a_pair_scores_as_its_best_element(case, data):
    queries, elements, _, _ = case
    ends = np.array([data.draw(st.integers(0, len(elements))) for _ in queries])
    starts = np.array([data.draw(st.integers(0, int(end))) for end in ends])
    found = maxsim(queries, elements, starts, ends)
    for q, start, end, score in zip(queries, starts, ends, found, strict=True):
        assert score == max((float(q @ e) for e in elements[start:end]), default=-np.inf)


TEXT = st.text(st.sampled_from("abA ,红Ｂ!"), max_size=14)


@given(TEXT, TEXT)
def test_a_text_without_a_passage_has_lost_its_standings_and_nothing_else(passage, text):
    left, wanted = without(passage, text), fold(passage).letters
    gone = fold(text).letters.replace(wanted, "") if wanted else fold(text).letters
    assert fold(left).letters == gone
    assert wanted or left == text
