import pytest

from pipelines.workspace import retry
from pipelines.workspace.retry import WAITS_S, RetriesExhausted, with_retries


@pytest.fixture
def waits(monkeypatch):
    slept = []
    monkeypatch.setattr(retry.time, "sleep", slept.append)
    return slept


def failing(times, error=None):
    left = [times]

    def ask():
        left[0] -= 1
        if left[0] >= 0:
            raise error or OSError("busy")
        return "there"

    return ask


def test_what_passes_is_asked_again_until_it_answers(waits):
    assert with_retries(failing(0), lambda _: True) == "there"
    assert waits == []
    assert with_retries(failing(len(WAITS_S)), lambda _: True) == "there"
    assert len(waits) == len(WAITS_S)


def test_each_wait_is_between_half_and_the_whole_and_no_two_readers_wait_alike(waits):
    for _ in range(2):
        with pytest.raises(RetriesExhausted):
            with_retries(failing(100), lambda _: True)
    first, second = waits[: len(WAITS_S)], waits[len(WAITS_S) :]
    for some in (first, second):
        assert all(most / 2 <= wait <= most for most, wait in zip(WAITS_S, some, strict=True))
    assert first != second


def test_who_gives_up_says_how_often_and_why(waits):
    with pytest.raises(RetriesExhausted) as caught:
        with_retries(failing(100), lambda _: True)
    assert caught.value.times == len(WAITS_S) + 1
    assert str(caught.value.error) == "busy"


def test_what_does_not_pass_is_raised_at_once(waits):
    with pytest.raises(KeyError):
        with_retries(failing(100, KeyError("x")), lambda error: not isinstance(error, KeyError))
    assert waits == []
