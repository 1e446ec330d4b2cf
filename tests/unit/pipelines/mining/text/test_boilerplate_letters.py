"""Letters of boilerplate: the places of spans after folding."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pipelines.mining.text.boilerplate_letters import boilerplate_letters, covered
from pipelines.mining.text.normalise import fold


def marked(*texts):
    folded = fold(texts)
    flags = boilerplate_letters(texts, folded)
    return [
        "".join(c for c, flag in zip(folded.text(b), flags[folded.bounds[b] :], strict=False) if flag)
        for b in range(len(texts))
    ]


def test_marks_the_letters_of_the_spans_of_each_text():
    assert marked("海边散步 #日落 @anna", "", "好的。", "看 http://t.cn/x1 吧") == ["日落anna", "", "", "httptcnx0"]


def test_marks_a_repeated_phrase_from_its_second_time_on():
    assert marked("今天哈哈哈哈哈哈哈哈好", "哈哈哈", "重要的事说三遍重要的事说三遍重要的事说三遍") == [
        "哈" * 7, "", "重要的事说三遍" * 2,
    ]  # fmt: skip


def test_a_repetition_ends_at_the_end_of_its_text():
    assert marked("哈哈哈", "哈哈哈", "哈哈") == ["", "", ""]


@given(st.text("ab ，", max_size=30), st.lists(st.integers(0, 30), max_size=6, unique=True).map(sorted))
def test_covered_as_by_hand(text, cuts):
    spans = list(zip(cuts[::2], cuts[1::2], strict=False))
    folded = fold(["xy", text])
    starts = folded.starts[folded.bounds[1] :]
    assert covered(folded, 1, spans).tolist() == [any(s <= at < e for s, e in spans) for at in starts]
    assert covered(folded, 1, []).dtype == np.bool_
