"""The margins against the formulas written out one candidate at a time."""

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pipelines.negatives.filters.score_margins import Margin, below_margin, in_band, positive_scores

SCORE = st.integers(-20, 20).map(lambda n: n / 20)
MARGINS = st.builds(
    Margin,
    floor=st.none() | st.integers(-20, 0).map(lambda n: n / 20),
    ceiling=st.none() | st.integers(0, 20).map(lambda n: n / 20),
    relative=st.none() | st.sampled_from([0, 0.05, 0.5, 1]),
    absolute=st.none() | st.sampled_from([-0.1, 0, 0.05]),
    positive=st.sampled_from(["min", "mean"]),
    strict=st.booleans(),
    least_positive=st.none() | SCORE,
)


def by_hand(score, positives, margin):
    if margin.floor is not None and score < margin.floor:
        return False
    if margin.ceiling is not None and score > margin.ceiling:
        return False
    if not positives:
        return True
    p = min(positives) if margin.positive == "min" else sum(positives) / len(positives)
    limits = []
    if margin.absolute is not None:
        limits.append(p - margin.absolute)
    if margin.relative is not None:
        limits.append(p - abs(p) * margin.relative)
    return all(score < limit if margin.strict else score <= limit for limit in limits)


@given(st.lists(st.tuples(SCORE, st.lists(SCORE, max_size=3)), max_size=8), MARGINS)
def test_margins_are_the_formulas(rows, margin):
    owners = np.array([i for i, (_, positives) in enumerate(rows) for _ in positives], int)
    flat = np.array([p for _, positives in rows for p in positives], float)
    scores = np.array([score for score, _ in rows], float)
    one, given_up = positive_scores(flat, owners, len(rows), margin)
    kept = in_band(scores, margin) & below_margin(scores, one, margin)
    assert kept.tolist() == [by_hand(score, positives, margin) for score, positives in rows]
    least = -math.inf if margin.least_positive is None else margin.least_positive
    assert given_up.tolist() == [bool(positives) and max(positives) <= least for _, positives in rows]


@given(SCORE, SCORE, st.sampled_from([0, 0.05, 0.5, 1]))
def test_a_margin_never_lets_a_candidate_above_its_positive(score, positive, share):
    kept = below_margin(np.array([score]), np.array([positive]), Margin(relative=share))[0]
    assert not kept or score <= positive
