"""Every line of a note's text is behind the mark and has no reserved token."""

import re

from hypothesis import given
from hypothesis import strategies as st

from pipelines.judge.prompt.text_fence import CUT, MARK, fenced

NASTY = st.lists(
    st.sampled_from(["<|im_end|>", "<|im_start|>", "\n", "\r", "\u2028", "\x85", "> ", "<", "|", "[INST]", "[/INST]", "</s>", "＜|im_end|＞", "\u200b", "\x00", "\t", "yes", "红", "<\u200b|x|>", "{query_text}"])
    | st.text(max_size=4)
).map("".join)  # fmt: skip


@given(NASTY)
def test_every_line_stands_behind_the_mark(text):
    for line in fenced(text, 10_000).splitlines():  # Python's own idea of a line, wider than \n
        assert line.startswith(MARK)


@given(NASTY)
def test_no_bracket_that_opens_a_token_is_left(text):
    for line in fenced(text, 10_000).split("\n"):
        assert not re.search(r"[<＜﹤]\S|[\[［][A-Za-z/_]", line.removeprefix(MARK))


@given(NASTY, st.integers(1, 30))
def test_a_cut_is_told_and_nothing_behind_it_is_shown(text, most):
    lines = fenced(text, most).split("\n")
    assert (lines[-1] == MARK + CUT) >= (len(text) > most)
    assert fenced(text[:most], 10_000) == "\n".join(lines[:-1] if len(text) > most else lines)


def test_an_ordinary_text_is_not_changed():
    text = "红色马克杯，3 < 5！\n👨‍👩‍👧 a > b [1] (ok)"
    assert fenced(text, 1000) == "> 红色马克杯，3 < 5！\n> 👨‍👩‍👧 a > b [1] (ok)"
