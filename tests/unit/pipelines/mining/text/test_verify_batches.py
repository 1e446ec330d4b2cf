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
    runs = shared_passage(left, right, seeds, SETTINGS)
    return [left.text[r.i : r.i + r.length] for r in runs]


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
    a = RECIPE + "点赞收藏关注我下期更精彩每天一道家常菜"
    assert result(a, a, [(0, 0)], ([23, 30], [23, 30])) == [a[: 23 - SETTINGS.gram_window + 1]]


def test_boilerplate_alone_is_no_passage():
    a = RECIPE
    assert result(a, a, [(0, 0)], ([0, 8, 15], [0, 8, 15])) == []


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
