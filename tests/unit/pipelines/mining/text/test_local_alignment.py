"""Alignments that are easy to see, and texts made to be slow."""

import random
import time

from pipelines.mining.text.local_alignment import EqualRun, alignments, extend

KNOBS = {"edit_cost": 6, "drop": 8, "max_extensions": 32}


def words(a, runs):
    return [a[r.i : r.i + r.length] for r in runs]


def test_grows_a_seed_to_the_whole_run():
    a, b = "xxabcdefgyy", "zabcdefgw"
    assert list(alignments(a, b, [(5, 4)], **KNOBS)) == [[EqualRun(2, 1, 7)]]


def test_passes_a_lost_an_added_and_a_changed_character():
    a = "abcdefghijklmnopqrstuvwxyz0123456789"
    b = "abcdefgijklmnopqXrstuvwxyz0Y23456789"
    [runs] = alignments(a, b, [(0, 0)], **KNOBS)
    assert words(a, runs) == ["abcdefg", "ijklmnopq", "rstuvwxyz0", "23456789"]


def test_stops_at_another_word():
    a, b = "the rug is black and very soft", "the rug is green and very soft"
    result = [words(a, runs) for runs in alignments(a, b, [(0, 0), (20, 20)], **KNOBS)]
    assert result == [["the rug is "], [" and very soft"]]


def test_grows_a_seed_only_once():
    a = "abcdefghijklmnop"
    assert len(list(alignments(a, a, [(i, i) for i in range(16)], **KNOBS))) == 1


def test_grows_no_more_seeds_than_it_may():
    a = "abc" * 50
    seeds = [(i, j) for i in range(0, 150, 3) for j in range(0, 150, 3)]
    assert len(list(alignments(a, a, seeds, edit_cost=6, drop=8, max_extensions=5))) == 5


def test_aligns_nothing_without_a_seed():
    assert list(alignments("abc", "abc", [], **KNOBS)) == []


def test_extends_empty_texts():
    assert extend("", "", 0, 0, 6, 8) == (0, [])
    assert extend("abc", "", 1, 0, 6, 8) == (0, [])


def test_a_million_laughs_cost_little():
    a, b = "哈" * 1_000_000, "哈" * 900_001
    begin = time.monotonic()
    [runs] = alignments(a, b, [(0, 0)], **KNOBS)
    assert sum(r.length for r in runs) == 900_001
    assert time.monotonic() - begin < 5


def test_a_long_text_with_many_edits_costs_its_edits():
    rng = random.Random(3)
    a = "".join(rng.choice("abcdefghij") for _ in range(200_000))
    b = "".join("" if rng.random() < 0.03 else c for c in a)
    begin = time.monotonic()
    [runs] = alignments(a, b, [(0, 0)], edit_cost=6, drop=30, max_extensions=1)
    assert sum(r.length for r in runs) > 0.95 * len(b)
    assert time.monotonic() - begin < 10
