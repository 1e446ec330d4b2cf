"""A contender is measured in a separate process; one that fails, dies or takes too long gives a row with a reason."""

import time

from benchmarks.peers.measure import measured, rows_of
from benchmarks.tests import works


def test_what_stands_in_the_block_is_measured_and_the_answer_comes_back():
    out = measured(works.answers, 21)
    assert (out.answer, out.fault) == (42, None)
    assert 0.3 <= out.taken["seconds"] < 0.9


def test_memory_is_the_most_that_was_held():
    few, many = (measured(works.hoards, mib).taken["peak_mib"] for mib in (1, 200))
    assert 190 <= many - few <= 230


def test_what_fails_dies_or_outlasts_its_limit_is_a_row_with_a_reason():
    contenders = [("a", "fails", works.fails, ()), ("b", "dies", works.dies, ()), ("c", "answers", works.answers, (1,))]
    rows = rows_of(contenders, numbers=lambda answer: {"answer": answer})
    assert [row["fault"] for row in rows] == ["KeyError: 'no such model'", "its process ended with 3", None]
    assert rows[2]["answer"] == 2
    begun = time.monotonic()
    assert measured(works.sleeps, limit_s=1).fault == "ended after 1 s without an answer"
    assert time.monotonic() - begun < 5
