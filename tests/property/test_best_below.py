"""The search below the positives' score against every score in turn, over numbers small enough to tie all the time."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from pipelines.negatives.search.best_below import Bounds, best_below
from pipelines.negatives.search.corpus_part import merge_parts
from pipelines.negatives.search.exact_search import Search

SMALL = Search(memory_mb=1, slack=0)
NUMBER = st.integers(-2, 2).map(float)


@st.composite
def searches(draw):
    n, m, d = draw(st.integers(1, 4)), draw(st.integers(1, 30)), draw(st.integers(1, 4))
    queries, corpus = (draw(arrays(np.float32, (rows, d), elements=NUMBER)) for rows in (n, m))
    limits = draw(arrays(np.float64, n, elements=st.sampled_from([-3.0, -0.5, 0.0, 1.0, 2.5, np.inf])))
    sizes = draw(st.lists(st.integers(1, 5), min_size=m, max_size=m))
    owners = np.repeat(np.arange(m) * 3, sizes)[:m]
    group_of = draw(arrays(np.int64, 3 * m, elements=st.integers(0, 3)))
    banned = draw(st.lists(st.lists(st.integers(0, 4), max_size=2), min_size=n, max_size=n))
    return queries, limits, corpus, owners, group_of, banned, draw(st.integers(1, 12))


def bounds(limits, banned):
    starts = np.cumsum([0, *map(len, banned)])
    return Bounds(limits, starts, np.array([group for groups in banned for group in groups], np.int64))


def ranked(scores, k):
    """Names of {name: score}, best first, of equal scores the smaller; filled with -1."""
    order = sorted(scores, key=lambda name: (-scores[name], name))[:k]
    return order + [-1] * (k - len(order))


@given(searches(), st.data())
def test_hits_are_the_best_owners_within_the_bounds_whole_and_split(case, data):
    queries, limits, corpus, owners, group_of, banned, k = case
    wanted = []
    for q, limit, related in zip(queries, limits, banned, strict=True):
        most = {}
        for owner, row in zip(owners.tolist(), corpus, strict=True):
            most[owner] = max(most.get(owner, -np.inf), float(q @ row))
        wanted.append(ranked({o: score for o, score in most.items() if score < limit and group_of[o] not in related}, k))

    def found(rows):
        return best_below(queries, bounds(limits, banned), corpus[rows], owners[rows], group_of[owners[rows]], k, SMALL)

    assert found(slice(None)).rows.tolist() == wanted
    cut = data.draw(st.sampled_from(sorted({0, len(owners), *np.flatnonzero(np.diff(owners)) + 1})))
    parts = [found(rows) for rows in (slice(0, cut), slice(cut, None))]
    assert merge_parts(parts, k, elements=True).rows.tolist() == wanted


@pytest.mark.slow
@given(st.integers(0, 2**32 - 1), st.sampled_from([1, 7, 64]))
def test_scores_near_the_limit_are_on_the_exact_side_of_it(seed, block):
    """Corpus rows that differ in their last bits, and the exact score of one of them as the limit."""
    draw = np.random.default_rng(seed)
    base = draw.normal(size=48).astype(np.float32)
    corpus = np.nextafter(np.tile(base, (40, 1)), draw.choice([-np.inf, np.inf], (40, 48)).astype(np.float32))
    queries = draw.normal(size=(8, 48)).astype(np.float32)
    exact = np.array([[by_halves(q.astype(np.float64) * c) for c in corpus] for q in queries], np.float32)
    limits = exact[np.arange(8), draw.integers(0, 40, 8)].astype(np.float64)
    wanted = [ranked({r: s for r, s in enumerate(row) if s < limit}, 5) for row, limit in zip(exact, limits, strict=True)]
    rows, free = np.arange(40), bounds(limits, [[]] * 8)
    found = [
        best_below(queries[b : b + block], free.part(b, min(8, b + block)), corpus, rows, rows, 5, SMALL)
        for b in range(0, 8, block)
    ]
    assert np.concatenate([f.rows for f in found]).tolist() == wanted


def by_halves(terms):
    while len(terms) > 1:
        half = (len(terms) + 1) // 2
        terms = terms[:half] + np.pad(terms[half:], (0, 2 * half - len(terms)))
    return terms[0]
