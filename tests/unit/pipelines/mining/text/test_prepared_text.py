"""A text ready for alignment: its numbers, its boilerplate, its places."""

import numpy as np

from pipelines.mining.text.local_alignment import EqualRun
from pipelines.mining.text.prepared_text import prepared_text, run_indices


def test_equal_numbers_are_equal_characters_and_others_are_not():
    texts = [prepared_text(t, None, 4, 0).text for t in ("加 1,200 克", "加１２００克", "加 120 克")]
    assert texts[0] == texts[1] != texts[2]
    assert [len(t) for t in texts] == [3, 3, 3]


def test_reads_the_digits_of_the_numbers_between_two_places():
    result = prepared_text("a 12 b 3.5 c", None, 4, 0)
    assert result.numbers(0, 5) == "1235"
    assert result.numbers(2, 5) == "35"
    assert result.numbers(2, 2) == ""


def test_marks_boilerplate_grams_and_what_is_beside_them():
    result = prepared_text("abcdefghijklmnop", [6], 4, 2)
    assert "".join(c for c, own in zip(result.text, result.own, strict=True) if own) == "abcd" + "mnop"
    assert prepared_text("abc", None, 4, 2).own.all()


def test_spans_the_original():
    result = prepared_text("  Hello, 世界 42!", None, 4, 0)
    assert result.original[slice(*result.span(0, 8))] == "Hello, 世界 42"


def test_lists_the_places_of_runs():
    i, j = run_indices([EqualRun(0, 5, 2), EqualRun(7, 9, 3)])
    assert (i.tolist(), j.tolist()) == ([0, 1, 7, 8, 9], [5, 6, 9, 10, 11])
    assert [len(p) for p in run_indices([])] == [0, 0]
    assert run_indices([])[0].dtype == np.int64
