"""What is boilerplate by its form, and what only resembles it."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.media.boilerplate import LONGEST_LINE, boilerplate, tags, without_spans

FOOTERS = {
    "hashtags": "#今日穿搭[话题]# #显瘦穿搭[话题]# #OOTD #a#b#c ＃旅行",
    "mentions": "@小明 @anna.b @李思坤",
    "links": "https://www.example.com/a?b=c&d=e www.example.org/x t.cn/zjb1oUB mail@example.com",
    "share": "记得点赞收藏关注我哦！Like, share and subscribe for more videos. Link in bio! 转发微博",
    "contact": "合作请加微信：abc_123 电话：021-5555 0000\nTel: +86 21 5555 0000\nFor enquiries write to us.",
    "disclosure": "Disclosure: this post contains affiliate links. I may earn a small commission, at no extra cost to you.",
    "disclosure_zh": "本文含推广链接，通过链接购买我会获得少量佣金。图源网络，侵删。",
    "placeholder": "Lorem ipsum dolor sit amet, consectetur adipiscing elit. Vestibulum ante ipsum primis in faucibus.",
    "html": "<br/><p class='x'></p>&nbsp;&amp;&#8230;",
}
PLAIN = [
    "求转发，可怜的小人！请动一下鼠标，转发，表达一下谢意。",
    "The resolution was sponsored by China and Russia and approved by a vote of 88 to 5.",
    "He told us to like it, and in the end we followed the road along the river.",
    "说不清楚自己家的详细地址和家里的电话。只知道他是云南昭通市人！",
    "专家关注我国经济，支持农业。The hotel: a quiet house in the old town.",
    "## 必备原料和工具\n- 洋葱 1 个\n1. 把水烧开",
    "x < y and y > z; C# is #1; 3 & 4",
]


@pytest.mark.parametrize("kind", FOOTERS)
def test_a_footer_is_boilerplate_and_the_words_before_it_are_not(kind):
    text = f"今天去海边散步，看到了日落。\n{FOOTERS[kind]}"
    rest = without_spans(text, boilerplate(text)).strip()
    letters = "".join(c for c in rest if c.isalnum())
    assert letters.startswith("今天去海边散步看到了日落")
    assert len(letters) - 12 <= 0.1 * len(FOOTERS[kind])


@pytest.mark.parametrize("text", PLAIN)
def test_a_sentence_with_a_subject_of_its_own_is_not(text):
    covered = sum(end - begin for begin, end in boilerplate(text))
    assert covered <= 3


def test_a_quoted_repost_keeps_its_words():
    text = "转发微博//@小明:哈哈说得对//@小红:今天的月亮真圆，我们在河边坐到很晚才回家"
    assert "今天的月亮真圆，我们在河边坐到很晚才回家" in without_spans(text, boilerplate(text))


def test_of_a_long_text_without_marks_only_the_phrase_is_boilerplate():
    text = "红烧肉" * LONGEST_LINE + "关注我" + "红烧肉" * 9
    assert [text[b:e] for b, e in boilerplate(text)] == ["关注我"]


def test_a_sentence_between_two_boilerplate_sentences_is_boilerplate():
    text = "A walk. Follow me for more! See you soon. Link in bio."
    assert without_spans(text, boilerplate(text)) == "A walk.\n"


def test_tags_leave_sentences_alone():
    assert tags("关注我 #a# http://t.cn/x，好") == [(4, 7), (8, 21)]


@given(st.text("#@.wchtps:/a关注我点赞 \n。İ<>&;", max_size=60))
def test_spans_are_in_order_apart_and_inside(text):
    spans = boilerplate(text)
    flat = [place for span in spans for place in span]
    assert flat == sorted(set(flat))
    assert all(0 <= place <= len(text) for place in flat)


@pytest.mark.parametrize(
    "unit", ["#a", "@a", "a.com ", "<a", "&a", "关注我", "lorem ", "http://a#", "a.", "微信：", "earn a small "]
)
def test_time_is_linear(unit):
    text = unit * (400_000 // len(unit))
    begin = time.monotonic()
    boilerplate(text)
    assert time.monotonic() - begin < 5
