"""What is shown of a text is a part of it, and nothing is cut in two."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.inspect.report.cards.excerpt import ELLIPSIS, excerpt, language, passage, readable

TEXT = st.text(alphabet=st.sampled_from("浇水 ab\n👩‍🌾é\u0301\u202e<>&"), max_size=80)


@given(TEXT, st.integers(1, 60))
def test_a_beginning_is_a_beginning(text, limit):
    found = excerpt(text, limit)
    assert text.startswith(found.before.removesuffix(ELLIPSIS).rstrip()) and len(found.before) <= limit + 1
    assert found.characters == len(text) and found.marked == found.after == ""
    assert found.before.endswith(ELLIPSIS) == (len(text) > limit)


@given(TEXT, st.integers(-5, 90), st.integers(0, 90), st.integers(40, 60))
def test_a_passage_stands_where_it_stood(text, start, length, limit):
    found = passage(text, start, start + length, limit)
    wanted = text[max(0, start) : max(0, start + length)]
    if len(wanted) <= limit:
        assert found.marked == wanted
        whole = found.before.removeprefix(ELLIPSIS) + found.marked + found.after.removesuffix(ELLIPSIS)
        assert whole in text
    else:
        head, tail = found.marked.split(f" {ELLIPSIS} ")
        assert wanted.startswith(head) and wanted.endswith(tail) and len(found.marked) <= limit + 3 + 2 * 5
    assert len(found.before) + len(found.after) <= limit + 2


@pytest.mark.parametrize("text", ["👩\u200d🌾👩\u200d🌾", "e\u0301e\u0301e\u0301", "❤\ufe0f❤\ufe0f"])
def test_an_emoji_and_an_accent_stay_whole(text):
    sign = text[: len(text) // (2 if "🌾" in text or "❤" in text else 3)]
    for limit in range(1, len(text)):
        shown = excerpt(text, limit).before.removesuffix(ELLIPSIS)
        assert shown == sign * (len(shown) // len(sign))


def test_what_html_has_no_place_for_is_shown_as_something_else():
    assert readable("a\x00b\x07c\x1b[31m\ufffe\x85d\r\ne\tf\n") == "a\ufffdb\ufffdc\ufffd[31m\ufffd\ufffdd\ne\tf\n"


def test_kana_tells_japanese_from_chinese():
    assert [language(t) for t in ("水をやる", "浇水", "물 주기", "watering", "")] == ["ja", "zh", "ko", None, None]
