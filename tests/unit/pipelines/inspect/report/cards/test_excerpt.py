"""An excerpt is a part of its text, and no visible character is split."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.inspect.report.cards.excerpt import ELLIPSIS, excerpt, language, passage, readable

TEXT = st.text(alphabet=st.sampled_from("浇水 ab\n👩‍🌾é\u0301\u202e<>&"), max_size=80)


@given(TEXT, st.integers(1, 60))
def test_an_excerpt_is_the_beginning(text, limit):
    part = excerpt(text, limit)
    assert text.startswith(part.before.removesuffix(ELLIPSIS).rstrip()) and len(part.before) <= limit + 1
    assert part.characters == len(text) and part.marked == part.after == ""
    assert part.before.endswith(ELLIPSIS) == (len(text) > limit)


@given(TEXT, st.integers(-5, 90), st.integers(0, 90), st.integers(40, 60))
def test_a_passage_keeps_its_context(text, start, length, limit):
    part = passage(text, start, start + length, limit)
    expected = text[max(0, start) : max(0, start + length)]
    if len(expected) <= limit:
        assert part.marked == expected
        whole = part.before.removeprefix(ELLIPSIS) + part.marked + part.after.removesuffix(ELLIPSIS)
        assert whole in text
    else:
        head, tail = part.marked.split(f" {ELLIPSIS} ")
        assert expected.startswith(head) and expected.endswith(tail) and len(part.marked) <= limit + 3 + 2 * 5
    assert len(part.before) + len(part.after) <= limit + 2


@pytest.mark.parametrize("text", ["👩\u200d🌾👩\u200d🌾", "e\u0301e\u0301e\u0301", "❤\ufe0f❤\ufe0f"])
def test_an_emoji_and_an_accent_stay_whole(text):
    sign = text[: len(text) // (2 if "🌾" in text or "❤" in text else 3)]
    for limit in range(1, len(text)):
        visible = excerpt(text, limit).before.removesuffix(ELLIPSIS)
        assert visible == sign * (len(visible) // len(sign))


def test_characters_that_html_does_not_allow_are_replaced():
    assert readable("a\x00b\x07c\x1b[31m\ufffe\x85d\r\ne\tf\n") == "a\ufffdb\ufffdc\ufffd[31m\ufffd\ufffdd\ne\tf\n"


def test_kana_tells_japanese_from_chinese():
    assert [language(t) for t in ("水をやる", "浇水", "물 주기", "watering", "")] == ["ja", "zh", "ko", None, None]
