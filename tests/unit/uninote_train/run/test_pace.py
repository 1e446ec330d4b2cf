"""How long a run is, and how long it says that it will take."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from uninote_train.evaluation.few_queries import few_queries
from uninote_train.run.log import RunLog, duration
from uninote_train.run.optimizer import Optimizer


@given(st.integers(1, 100), st.integers(1, 10**6), st.integers(1, 512))
def test_steps_are_the_fewest_that_show_each_row_so_often(tenths, rows, batch):
    steps = Optimizer(epochs=tenths / 10).count_steps(rows, batch)
    asked = Fraction(tenths, 10) * rows
    assert steps * batch >= asked
    assert steps == 1 or (steps - 1) * batch < asked
    assert Optimizer(epochs=tenths / 10, steps=7).count_steps(rows, batch) == 7


def test_the_time_left_is_at_the_mean_pace_of_the_steps_so_far(tmp_path, monkeypatch, capsys):
    now = [100.0]
    monkeypatch.setattr("uninote_train.run.log.time.monotonic", lambda: now[0])
    with RunLog(tmp_path, 10, 40, 0.0, silent=False) as log:
        log.step(11, {"seconds": 4.0})  # 29 more
        now[0] += 6.0  # a step of 2 s, and an evaluation of 4 s
        log.step(12, {"seconds": 2.0})  # two steps took 10 s
        log.step(40, {"seconds": 2.0})
    first, second, last = capsys.readouterr().err.splitlines()
    assert first.endswith("; about 2 min left") and second.endswith("; about 2 min left") and "left" not in last
    assert "step 12 of 40" in second


@pytest.mark.parametrize(("seconds", "text"), [(0, "0 s"), (99, "99 s"), (150, "2 min"), (5940, "99 min"), (11520, "3.2 h")])
def test_a_duration_has_the_unit_that_a_reader_would_choose(seconds, text):
    assert duration(seconds) == text


def test_tasks_of_few_queries_are_named():
    assert few_queries({"a": {"queries": 50}}) is None
    assert few_queries({"a": {"queries": 49}, "b": {"queries": 50}}).startswith("warning: fewer than 50 queries: a 49; ")
