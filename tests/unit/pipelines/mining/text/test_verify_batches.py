"""What counts as a passage, and what does not."""

import pyarrow as pa
import pytest

from pipelines.mining.text.prepared_text import prepared_text
from pipelines.mining.text.settings import PartialText
from pipelines.mining.text.verify_batches import PASSAGES, passages, shared_passage

SETTINGS = PartialText()
RECIPE = "先把五花肉切成小块冷水下锅焯水捞出后用温水洗净"


def result(a, b, seeds, common=(None, None)):
    left, right = (
        prepared_text(t, c, SETTINGS.gram_columns, SETTINGS.gram_window - 1) for t, c in zip((a, b), common, strict=True)
    )
    passage = shared_passage(left, right, seeds, SETTINGS)
    return [] if passage is None else [left.text[r.i : r.i + r.length] for r in passage.runs]


def rank(a, b, common=(None, None)):
    left, right = (
        prepared_text(t, c, SETTINGS.gram_columns, SETTINGS.gram_window - 1) for t, c in zip((a, b), common, strict=True)
    )
    passage = shared_passage(left, right, [(0, 0)], SETTINGS)
    return None if passage is None else passage.rank


def test_finds_a_retyped_passage():
    assert result(RECIPE, "好" + RECIPE[:8] + "的" + RECIPE[9:15] + RECIPE[16:], [(0, 1)]) == [
        RECIPE[:8], RECIPE[9:15], RECIPE[16:],
    ]  # fmt: skip


def test_is_not_enough_when_it_is_shorter_than_asked():
    assert result(RECIPE[:13], RECIPE[:13], [(0, 0)]) == []
    assert result(RECIPE[:14], RECIPE[:14], [(0, 0)]) == [RECIPE[:14]]


def test_another_number_ends_a_passage():
    a, b = f"{RECIPE}300克{RECIPE[::-1]}", f"{RECIPE}500克{RECIPE[::-1]}"
    assert result(a, b, [(0, 0)]) in ([RECIPE], ["克" + RECIPE[::-1]])


def test_a_number_that_lost_a_digit_does_not():
    a, b = f"{RECIPE}300克{RECIPE[::-1]}", f"{RECIPE}30克{RECIPE[::-1]}"
    assert result(a, b, [(0, 0)]) == [RECIPE, "克" + RECIPE[::-1]]


def test_boilerplate_at_its_ends_is_no_part_of_a_passage():
    a = RECIPE + "明天同一时间下期更精彩每天一道家常菜"
    assert result(a, a, [(0, 0)], ([23, 30], [23, 30])) == [a[: 23 - SETTINGS.gram_window + 1]]


EVERY = [0, 8, 15]
"""Grams that make all of RECIPE boilerplate by frequency."""


def test_boilerplate_alone_is_no_passage_of_longer_texts():
    a, b = (RECIPE + "".join(chr(begin + 53 * k) for k in range(20)) for begin in (0x4E00, 0x6E00))
    assert result(a, b, [(0, 0)], (EVERY, EVERY)) == []


def test_a_frequent_text_that_is_most_of_another_is_a_tie_and_no_passage():
    assert rank(RECIPE, RECIPE + "转", (EVERY, EVERY)) == 0
    assert rank(RECIPE, RECIPE + "转") == 3


def test_a_frequent_phrase_beside_own_words_is_a_part_of_the_passage():
    a = RECIPE + "点赞收听每天一道家常菜吧"
    common = [0, 8]  # the first 15 letters and six after them
    assert rank(a + "好", a + "坏", (common, common)) == 2
    assert result(a + "好", a + "坏", [(0, 0)], (common, common)) == [a]
    others = ["".join(chr(begin + 53 * k) for k in range(20)) for begin in (0x4E00, 0x6E00)]
    assert rank(a[:28] + others[0], a[:28] + others[1], (common, common)) is None


def test_boilerplate_by_form_is_no_passage_however_rare():
    tags = "#今日穿搭 #显瘦穿搭 #秋冬穿搭灵感 #通勤穿搭 #小个子穿搭 #我的日常"
    assert rank(tags, tags) is None
    lines = "This post contains affiliate links, which means I may earn a small commission at no extra cost to you."
    assert rank(lines, lines) is None
    assert rank("哈" * 60, "哈" * 50) is None
    assert result(f"{RECIPE}\n{tags}", f"{RECIPE}\n{tags}", [(0, 0)]) == [RECIPE]


def test_a_long_copy_is_a_passage_however_common():
    a = "".join(chr(0x4E00 + 37 * k) for k in range(100))
    every = list(range(93))
    assert result(a, a, [(0, 0)], (every, every)) == [a]


def test_the_passage_with_most_of_its_own_beats_a_longer_one_of_boilerplate():
    a = "".join(chr(0x4E00 + 31 * k) for k in range(70))
    b = a[:50] + "x" * 10 + a[50:]
    common = (list(range(0, 42)), list(range(0, 42)))
    assert result(a, b, [(0, 0), (55, 65)], common) == [a[49 + SETTINGS.gram_window - 1 :]]


def test_gives_places_in_the_original_texts():
    pair = {
        "query_id": "a", "target_id": "b", "query_text": f"题 ✨\n{RECIPE}。", "target_text": f"\n“{RECIPE[:9]}， {RECIPE[9:]}”",
        "query_common": None, "target_common": None, "seeds": [{"query_at": 1, "target_at": 0}],
    }  # fmt: skip
    [row] = pa.Table.from_batches(passages([pa.RecordBatch.from_pylist([pair])], SETTINGS), PASSAGES).to_pylist()
    assert row["query_text"] == pair["query_text"][row["query_start"] : row["query_end"]] == RECIPE
    assert row["target_text"] == pair["target_text"][row["target_start"] : row["target_end"]]
    assert row["target_text"] == f"{RECIPE[:9]}， {RECIPE[9:]}"
    assert row["shared_chars"] == len(RECIPE)
    assert row["containment"] == pytest.approx(1.0)
