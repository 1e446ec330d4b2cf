import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.judge.preset import Question
from pipelines.judge.prompt.question import BadPair
from pipelines.judge.prompt.yes_no_tokens import score, score_of_top, word_of

QUESTION = Question()


@pytest.mark.parametrize(("token", "word"), [("yes", "yes"), (" Yes", "yes"), ("Ġyes", "yes"), ("▁YES", "yes"), ("\nNo", "no"), ("nope", None), ("", None), ("yes.", None)])  # fmt: skip
def test_recognises_the_spellings(token, word):
    assert word_of(token, QUESTION) == word


def test_exact_is_the_one_token():
    exact = Question(spellings="exact")
    assert [word_of(t, exact) for t in ("yes", "Yes", " yes", "no")] == ["yes", None, None, "no"]


@given(st.lists(st.floats(-30, 30), min_size=4, max_size=4))
def test_the_score_is_the_share_of_yes_in_all_spellings(logits):
    p = np.exp(np.array(logits) - max(logits))
    assert score(np.array([logits], np.float32), [0, 1], [2, 3])[0] == pytest.approx((p[0] + p[1]) / p.sum(), abs=1e-5)


def test_one_spelling_each_is_the_sigmoid_of_the_difference():
    assert score(np.array([[2.0, -1.0]], np.float32), [0], [1])[0] == pytest.approx(1 / (1 + math.exp(-3)), abs=1e-7)


def top(**p):
    """20 tokens: these probabilities, and small ones."""
    tokens = [(t.replace("_", " "), math.log(v)) for t, v in p.items()]
    return tokens + [(f"w{n}", math.log(1e-7)) for n in range(20 - len(tokens))]


def test_top_tokens_give_the_same_score():
    assert score_of_top(top(yes=0.5, _Yes=0.1, no=0.2), 20, 0.005, QUESTION) == pytest.approx(0.6 / 0.8, abs=1e-6)


@pytest.mark.parametrize("only", [{"yes": 0.999}, {"no": 0.9}, {"maybe": 0.9}])
def test_a_word_outside_the_top_is_never_0_or_1(only):
    with pytest.raises(BadPair, match="among") as bad:
        score_of_top(top(**only), 20, 1.0, QUESTION)
    assert bad.value.reason == "yes or no not among the top tokens"


def test_a_word_without_probability_is_outside_too():
    with pytest.raises(BadPair, match="no no among"):
        score_of_top([*top(yes=0.9)[:19], ("no", -9999.0)], 20, 1.0, QUESTION)


def test_spellings_that_could_move_the_score_are_refused():
    close = [("yes", math.log(0.04)), ("no", math.log(0.04))] + [(f"w{n}", math.log(0.03)) for n in range(18)]
    with pytest.raises(BadPair, match=r"between 0\.\d+ and 0\.\d+"):
        score_of_top(close, 20, 0.005, QUESTION)
    assert score_of_top(close, 20, 0.005, Question(spellings="exact")) == pytest.approx(0.5)


@given(st.lists(st.floats(0.001, 1), min_size=24, max_size=24), st.floats(0.0, 0.3))
def test_missing_spellings_change_no_score_by_more_than_the_tolerance(weights, tolerance):
    """Against the whole distribution, of which the top 20 is seen."""
    spelled = ["yes", "Yes", "YES", " yes", " Yes", " YES", "no", "No", "NO", " no", " No", " NO"] + [
        f"w{n}" for n in range(12)
    ]
    p = np.array(weights) / sum(weights)
    best = sorted(zip(p, spelled, strict=True), reverse=True)[:20]
    true = p[:6].sum() / p[:12].sum()
    try:
        value = score_of_top([(t, math.log(v)) for v, t in best], 20, tolerance, QUESTION)
    except BadPair:
        return
    assert abs(value - true) <= tolerance + 1e-9


@pytest.mark.parametrize("bad", [[("yes", "high")], [(None, -1.0)], [("yes", float("nan"))], [("yes", 3.0)]])
def test_invalid_numbers_are_not_understood(bad):
    with pytest.raises(BadPair) as refused:
        score_of_top(top(yes=0.5, no=0.4)[:19] + bad, 20, 0.005, QUESTION)
    assert refused.value.reason == "server's answer not understood"


def test_half_of_the_top_tokens_is_not_enough():
    with pytest.raises(BadPair, match="expected 20 top tokens, got 10"):
        score_of_top(top(yes=0.5, no=0.4)[:10], 20, 1.0, QUESTION)
