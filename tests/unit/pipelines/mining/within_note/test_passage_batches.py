"""Which sentences say enough to be a query, and where they are cut."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.media.boilerplate import tags
from pipelines.mining.within_note.passage_batches import query_passages
from pipelines.mining.within_note.settings import WithinNote

SETTINGS = WithinNote()
LINK = "https://example.com/a?app_platform=ios&share_from=user_hidden;type=normal!x.y"


def queries(text, settings=SETTINGS):
    return [text[p.start : p.end] for p in query_passages(text, settings)]


@pytest.mark.parametrize(
    "line",
    [
        "=" * 60, "🔥" * 40, "🥰" * 200, "。" * 80, "#今日穿搭[话题]# #显瘦穿搭[话题]# #秋冬穿搭灵感[话题]#", LINK,
        "#travelgram #wanderlust #instatravel", "哈" * 50, "13800138000 13900139000 2026-11-30", "hahahahahahahahahaha",
        "点赞收藏关注我，下期更精彩", "silver&nbsp;&nbsp;&amp;", "@小明 @小红 @思路娱乐 @楚天都市报", "好吃！真好吃", "",
    ],
)  # fmt: skip
def test_a_line_that_says_nothing_is_no_query(line):
    assert queries(line) == []
    kept = "今天早上去老市场买了面包和奶酪。"
    assert queries(f"{kept}\n{line}\n") == [kept]


def test_a_link_is_never_cut():
    text = f"The recipe is on the page {LINK} and it works well"
    assert queries(text) == [text]
    for longest in range(30, len(text)):
        [query] = queries(text, WithinNote(max_passage_chars=longest))
        assert LINK in query or "https" not in query


def test_a_long_sentence_is_cut_at_the_limit_without_a_space_at_its_end():
    assert queries("abcde fghij klmno pqrst", WithinNote(max_passage_chars=18)) == ["abcde fghij klmno"]


def test_sentences_that_differ_by_folding_are_one():
    text = "Bread, olives and cheese!\nBREAD OLIVES AND CHEESE\nbread, olives and ham today"
    assert queries(text) == ["Bread, olives and cheese!", "bread, olives and ham today"]


@given(st.text("ab 。!?.\n#@/:htp哈0é\u0301🔥&;", max_size=80), st.integers(1, 40), st.integers(1, 12))
def test_passages_are_in_order_apart_and_no_longer_than_allowed(text, longest, least):
    settings = WithinNote(max_passage_chars=longest, min_passage_chars=least)
    found = query_passages(text, settings)
    places = [place for p in found for place in (p.start, p.end)]
    assert places == sorted(places)
    for p in found:
        passage = text[p.start : p.end]
        assert 0 < len(passage) <= longest and passage == passage.strip() and "\n" not in passage
        assert sum(c.isalnum() for c in passage) >= least
        assert not any(begin < p.end < end or begin < p.start < end for begin, end in tags(text))
