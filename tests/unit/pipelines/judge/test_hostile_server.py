"""Answers of a server that is broken or hostile: each fails its own pair and nothing else."""

import json

import pytest

from pipelines.items.failure_reasons import PASSING
from pipelines.judge.backends.openai_server import ServerJudge
from pipelines.judge.preset import load_spec
from pipelines.judge.protocol import UNREADABLE
from tests.support.hostile_server import completion, talking
from tests.support.judge_pairs import mixed

pytestmark = pytest.mark.slow

KEY = "sk-very-secret-0123456789"
SETTINGS = ("server.retries=0", "server.timeout_s=60", "server.concurrency=2", "server.price_in=1000000", "longest_side=64")


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


def judge_pairs(url, count=1, *more):
    table, pictures = mixed(count)
    sets = ["backend=openai", "model=tiny", f"server.url={url}", *SETTINGS, *more]
    judge = ServerJudge(load_spec("content", sets), KEY)
    return judge(table, pictures).to_pylist(), judge.spending()


def server_of(body, *headers):
    return talking(lambda talk: talk.send(body if isinstance(body, bytes) else body.encode(), "200 OK", *headers))


def test_a_valid_answer_is_a_score():
    with server_of(completion()) as (url, _):
        [row], spent = judge_pairs(url)
    assert row["reason"] is None and 0.4 < row["score"] < 0.6
    assert (spent.requests, spent.tokens, spent.cost) == (1, 50, 50.0)


@pytest.mark.parametrize(
    "usage",
    ['{"prompt_tokens": -1000000000000}', '{"prompt_tokens": 0}', '{"prompt_tokens": true}', '{"prompt_tokens": "50"}',
     '{"prompt_tokens": 5e1}', '{"prompt_tokens": 999999999999999}', '{"prompt_tokens": null}', "[]", "null", "7", '"x"'],
)  # fmt: skip
def test_an_implausible_count_leaves_the_estimate(usage):
    """The spending of a judge was -10**12 after one such answer, and the budget had no end."""
    with server_of(completion(usage=usage)) as (url, _):
        [row], spent = judge_pairs(url)
    assert row["reason"] is None
    assert 10 < spent.tokens < 5000 and spent.cost == spent.tokens


@pytest.mark.parametrize(
    "body",
    [
        completion(usage='{"prompt_tokens": Infinity}'),
        completion(usage='{"prompt_tokens": NaN}'),
        completion(usage='{"prompt_tokens": 1e999}'),
        completion(usage='{"prompt_tokens": ' + "9" * 400 + "}"),
        completion(usage='{"prompt_tokens": ' + "9" * 5000 + "}"),
        completion().replace("-2.5", "NaN", 1),
        completion().replace("-2.5", "-Infinity", 1),
        completion().replace("-2.5", "-1e400", 1),
        completion().replace("-2.5", "2.5", 1),
        completion().replace("-2.5", "false", 1),
        completion().replace("-2.5", "null", 1),
        completion().replace("-2.5", '"-2.5"', 1),
        completion().replace('"yes"', "7"),
        completion().replace('"yes"', '["yes"]'),
        json.dumps({"choices": [{"logprobs": {"content": [{"top_logprobs": [{"token": w, "logprob": 0.0} for w in ["yes", "no"] * 10]}]}}]}),
        "[" * 200_000,
        "[" * 900 + "]" * 900,
        '{"a":' * 100_000,
        '{"choices": {"0": 1}}', '{"choices": [[]]}', '{"choices": "yes"}', '{"choices": [{"logprobs": {"content": []}}]}',
        "null", "1", '"yes"', "", "\x00", "data: {}\n\ndata: [DONE]\n\n", "<html>" + "x" * 100_000,
        b"\xff\xfe\x00", b"\x80" * 1000, completion().encode("utf-16")[:-1],
    ],
    ids=lambda body: str(body)[:40].encode("ascii", "replace").decode().replace("\x00", "0"),
)  # fmt: skip
def test_an_invalid_answer_fails_its_pair(body):
    with server_of(body, "Content-Type: text/html") as (url, _):
        [row], _ = judge_pairs(url)
    assert (row["score"], row["reason"]) == (None, UNREADABLE)
    assert row["detail"].isprintable() and 0 < len(row["detail"]) <= 300


def test_a_probability_of_nothing_is_no_score():
    """exp(-1e300) is 0: there is no yes, and 0 is no score."""
    top = [{"token": w, "logprob": -1e300} for w in ["yes", "no"] * 10]
    with server_of(json.dumps({"choices": [{"logprobs": {"content": [{"top_logprobs": top}]}}]})) as (url, _):
        [row], _ = judge_pairs(url)
    assert row["score"] is None and row["reason"]


@pytest.mark.parametrize("where", ["error", "cut", "message", "token", "broken", "length", "bytes"])
def test_a_key_in_an_answer_is_in_no_detail(where):
    def play(talk):
        key = talk.key.decode()
        body = {
            "error": lambda: json.dumps({"error": f"no such header {key}"}),
            "cut": lambda: json.dumps({"error": "x" * 175 + key}),
            "message": lambda: json.dumps({"choices": [{"message": {"content": key}, "logprobs": None}]}),
            "token": lambda: completion(count=12).replace('"yes"', json.dumps("x" * 130 + key)),
            "broken": lambda: f"<html>{key}",
            "length": lambda: "<html>" + "x" * 270 + key,
            "bytes": lambda: completion().replace("-2.5", f'"{key}"'),
        }[where]()
        talk.send(body.encode())

    with talking(play) as (url, results):
        [row], _ = judge_pairs(url)
        assert len(results) == 1
    assert row["reason"] and "sk-very" not in row["detail"]


def test_an_answer_that_was_not_understood_is_requested_again_by_the_next_run():
    """A proxy's page instead of an answer is transient: it must not stay in the cache."""
    assert UNREADABLE in PASSING
