"""Ranks and metrics against plain Python that looks at one query at a time; intervals against one draw at a time."""

import math
from unittest.mock import patch

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import beta

from uninote_train.evaluation import exact_ranks
from uninote_train.evaluation.bootstrap import Bootstrap, agreement, estimates, estimates_by_task
from uninote_train.evaluation.exact_ranks import ranks, truncate_dimensions
from uninote_train.evaluation.metrics import NAMES, query_metrics


def plain(query, gallery, right, out):
    """name -> value, by sorting what is left; of equal scores the wrong ones first."""

    def score(n):
        return float(np.float32(sum(float(a) * float(b) for a, b in zip(query, gallery[n], strict=True))))

    left = [n for n in range(len(gallery)) if n not in out]
    if any(math.isnan(x) for x in query):
        order = []
    else:
        order = sorted((n for n in left if not math.isnan(gallery[n][0])), key=lambda n: (-score(n), n in right, n))
    places = [order.index(n) + 1 for n in right if n in order]
    told = {f"recall@{k}": sum(p <= k for p in places) / len(right) for k in (1, 5, 10)}
    told |= {f"precision@{k}": sum(p <= k for p in places) / k for k in (1, 5, 10)}
    best = sum(1 / math.log2(1 + n) for n in range(1, min(len(right), 10) + 1))
    told["ndcg@10"] = sum(1 / math.log2(1 + p) for p in places if p <= 10) / best
    told["mrr"] = 1 / min(places) if places else 0.0
    return told


@st.composite
def tasks(draw):
    """Small whole numbers, so that scores tie; some rows without a vector."""
    queries, size, d = draw(st.integers(1, 6)), draw(st.integers(1, 30)), draw(st.integers(1, 3))
    numbers = st.lists(st.integers(-2, 2), min_size=d, max_size=d)

    def rows(count):
        return np.array(
            draw(
                st.lists(
                    st.one_of(numbers, st.just([math.nan] * d)) if draw(st.booleans()) else numbers,
                    min_size=count,
                    max_size=count,
                )
            ),
            np.float32,
        ).reshape(count, d)

    right, out = [], []
    for _ in range(queries):
        mine = draw(st.sets(st.integers(0, size - 1), min_size=1, max_size=5))
        right.append(np.array(sorted(mine)))
        out.append(np.array(sorted(draw(st.sets(st.integers(0, size - 1), max_size=8)) - mine), np.int64))
    return rows(queries), rows(size), right, out


@settings(max_examples=150, deadline=None)
@given(tasks(), st.integers(1, 400))
def test_metrics_are_those_of_sorting_one_query_at_a_time_whatever_the_block(task, block_bytes):
    queries, gallery, right, out = task
    found = query_metrics(ranks(queries, gallery, right, out, block_bytes=block_bytes))
    for row, (query, mine, away) in zip(found, zip(queries, right, out, strict=True), strict=True):
        wanted = plain(query, gallery, mine.tolist(), set(away.tolist()))
        assert dict(zip(NAMES, row, strict=True)) == {name: pytest_approx(value) for name, value in wanted.items()}


def pytest_approx(value):
    import pytest

    return pytest.approx(value, abs=1e-12, rel=0)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 1000))
def test_real_vectors_rank_the_same_in_blocks_of_any_size_and_gallery_order(seed):
    """In float32 equal vectors score differently in another place of the product, and a block of three unlike one of twenty."""
    draw = np.random.default_rng(seed)
    gallery = truncate_dimensions(draw.standard_normal((301, 257)).astype(np.float32), 257)
    copies = [7, 100, 203, 300]  # the last in a block of its own
    gallery[copies] = gallery[3]
    queries = truncate_dimensions(gallery[:20] + 0.3 * draw.standard_normal((20, 257)).astype(np.float32), 257)
    right = [np.array([n]) for n in range(20)]
    out = [np.array([], np.int64)] * 20
    with patch.object(exact_ranks, "GALLERY", 20):
        whole = ranks(queries, gallery, right, out)
    turned = draw.permutation(301)
    place = np.argsort(turned)
    again = ranks(queries, gallery[turned], [place[r] for r in right], out, block_bytes=4 * 301 * 3)
    assert [r.tolist() for r in whole] == [r.tolist() for r in again]
    assert whole[3][0] > len(copies)  # each equal wrong one ranks before it


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.sampled_from("abcd"), st.floats(0, 1)), min_size=1, max_size=20), st.integers(0, 99))
def test_intervals_are_those_of_one_draw_of_components_at_a_time(rows, seed):
    values, components = np.array([[v] for _, v in rows]), [c for c, _ in rows]
    how = Bootstrap(resamples=50, seed=seed)
    [found] = estimates(values, components, how)
    names = sorted(set(components))
    chance, means = np.random.default_rng(seed), []
    for weights in chance.multinomial(len(names), np.full(len(names), 1 / len(names)), 50):
        drawn = [v for c, v in rows for _ in range(weights[names.index(c)])]
        means.append(sum(drawn) / len(drawn))
    low, high = np.quantile(means, [0.025, 0.975])
    each = [np.mean([v for c, v in rows if c == name]) for name in names]
    if max(each) - min(each) < 1e-12:  # the bootstrap has no width
        low, high = agreement(np.array(each[0]), len(names), 0.95)
    assert np.allclose([found.value, found.low, found.high], [np.mean(values), low, high], atol=1e-9)
    assert found.low <= found.high


def test_queries_of_one_component_count_as_one_find():
    """A hundred copies of a result are no surer than one: the interval is that of two components, not of two hundred rows."""
    values = np.array([[1.0]] * 100 + [[0.0]] * 100)
    [tied] = estimates(values, ["a"] * 100 + ["b"] * 100, Bootstrap())
    [free] = estimates(values, [str(n) for n in range(200)], Bootstrap())
    assert (tied.low, tied.high) == (0, 1)
    assert free.high - free.low < 0.2


def test_tasks_count_the_same_in_their_mean_and_share_their_draws():
    one, other = np.array([[1.0], [0.0], [1.0]]), np.array([[0.0], [1.0], [0.0]])
    both, each = estimates_by_task({"x": (one, ["a", "b", "c"]), "y": (other, ["a", "b", "c"])}, Bootstrap())
    assert both[0].value == 0.5 == both[0].low == both[0].high  # what one wins in a draw the other loses
    assert each["x"][0].value == 2 / 3


@given(st.integers(1, 500), st.sampled_from((0.8, 0.95, 0.99)))
def test_at_the_ends_the_interval_is_clopper_and_pearsons(components, confidence):
    names, tail = [str(n) for n in range(components)], (1 - confidence) / 2
    ones, zeros = np.ones((components, 1)), np.zeros((components, 1))
    [all_found], [none_found] = (estimates(v, names, Bootstrap(resamples=1, confidence=confidence)) for v in (ones, zeros))
    assert math.isclose(all_found.low, beta.ppf(tail, components, 1), abs_tol=1e-9) and all_found.high == 1
    assert math.isclose(none_found.high, beta.ppf(1 - tail, 1, components), abs_tol=1e-9) and none_found.low == 0


def test_thirty_of_thirty_are_not_certain_and_one_component_says_nearly_nothing():
    [thirty] = estimates(np.ones((30, 1)), [str(n) for n in range(30)], Bootstrap())
    assert (round(thirty.low, 3), thirty.high) == (0.884, 1)
    [one] = estimates(np.array([[1.0], [0.0], [0.0], [0.0]]), ["a"] * 4, Bootstrap())
    assert one.value == 0.25 and one.low < 0.01 and one.high > 0.97
    mean, _ = estimates_by_task({t: (np.ones((30, 1)), [str(n) for n in range(30)]) for t in "xy"}, Bootstrap())
    assert round(mean[0].low, 3) == 0.884


def test_intervals_of_thirty_queries_hold_the_true_share_nine_times_of_ten():
    draw, names = np.random.default_rng(0), [str(n) for n in range(30)]
    for share in (0.02, 0.1, 0.5, 0.9, 0.98):
        drawn = (draw.random((200, 30, 1)) < share).astype(float)
        found = [estimates(v, names, Bootstrap(resamples=300))[0] for v in drawn]
        assert np.mean([e.low <= share <= e.high for e in found]) >= 0.9, share


def test_metrics_are_pytrec_evals():
    """Printed by pytrec_eval-terrier 0.5.11: recall_k, P_k, ndcg_cut_10, recip_rank of positives at ranks 1, 4, 12 and at 6, 7."""
    found = query_metrics([np.array([1.0, 4.0, 12.0]), np.array([6.0, 7.0])])
    theirs = np.array([
        [0.3333333333333333, 0.6666666666666666, 0.6666666666666666, 1.0, 0.4, 0.2, 0.6713860725233041, 1.0],
        [0.0, 0.0, 1.0, 0.0, 0.0, 0.2, 0.4227898344066503, 0.16666666666666666],
    ])  # fmt: skip
    assert np.abs(found - theirs).max() < 1e-12
