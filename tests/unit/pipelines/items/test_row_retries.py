"""A chunk of an earlier run: which of its rows are asked again, and their answers in their places."""

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.items.failure_reasons import Reason
from pipelines.items.row_retries import rows_to_retry, with_answers

REASONS = st.sampled_from([None, None, "something new", *Reason])


def chunk(reasons, answers=None):
    return pa.table({"reason": pa.array(reasons, pa.string()), "answer": answers or list(range(len(reasons)))})


@given(st.lists(REASONS, max_size=20))
def test_every_row_has_an_answer_or_is_asked_again(reasons):
    hour = {"model failed", "unreadable file", "missing file", "server unavailable", "reader failed", "missing picture",
            "not asked: the budget is spent", "changed while it was read", "changed since it was mined", "server refused",
            "server's answer not understood"}  # fmt: skip
    assert rows_to_retry(chunk(reasons), False) == [n for n, r in enumerate(reasons) if r in hour]
    nothing_to_say = {"nothing to encode", "no text found", "not the cover", "no title or body", Reason.NOT_ASKED}
    assert rows_to_retry(chunk(reasons), True) == [n for n, r in enumerate(reasons) if r and r not in nothing_to_say]


@given(st.lists(st.booleans(), min_size=1, max_size=20))
def test_answers_come_to_their_places(again):
    places = [n for n, one in enumerate(again) if one]
    whole = with_answers(chunk([None] * len(again)), places, chunk([None] * len(places), [-n - 1 for n in places]))
    assert whole.column("answer").to_pylist() == [-n - 1 if one else n for n, one in enumerate(again)]


def test_other_rows_than_were_asked_are_an_error():
    with pytest.raises(RuntimeError, match="expected 2 retried rows, got 1"):
        with_answers(chunk([None] * 3), [0, 2], chunk([None]))
