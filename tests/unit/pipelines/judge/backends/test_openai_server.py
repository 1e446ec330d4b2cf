"""The backend openai against a real HTTP server with the same tiny model."""

import logging
from dataclasses import replace

import numpy as np
import pytest

from pipelines.items.failure_reasons import PASSING
from pipelines.judge.backends.openai_server import ServerJudge
from pipelines.judge.backends.vlm import VlmJudge
from pipelines.judge.load_judge import LoadJudge, name_of
from pipelines.judge.preset import load_spec
from pipelines.judge.protocol import NOT_ASKED, NOT_IN_TOP, REFUSED, UNAVAILABLE, UNREADABLE
from schemas.errors import SettingsError
from tests.support import judge_server as served_as
from tests.support.judge_pairs import mixed
from tests.support.judge_server import HALF, OTHERS, WRONG_SHAPES, passing_faults, serving

pytestmark = pytest.mark.slow

FAST = ("server.backoff_s=0.01", "server.timeout_s=0.3", "server.longest_wait_s=0.1")


def spec(server, *more, name="content"):
    return load_spec(name, ["backend=openai", "model=tiny", f"server.url={server.url}", *more])


def patient_judge(server, *more, **options):
    """A client that waits as long as this busy machine needs."""
    return ServerJudge(spec(server, "server.timeout_s=60", *more), **options)


def numbers(rows):
    return np.array(rows["score"].to_pylist(), float)


@pytest.mark.parametrize(("name", "batches"), [("content", (1, 5, 12)), ("unime_v2", (6,)), ("qwen3_vl_reranker", (6,))])
def test_gives_the_scores_of_the_transformers_backend(server, tiny, name, batches):
    """Whatever the batch size, and whatever the number of requests at once."""
    table, pictures = mixed(12)
    local = [numbers(VlmJudge(replace(load_spec(name, path=str(tiny)), batch_pairs=n))(table, pictures)) for n in batches]
    for concurrency in (1, 8):
        client = ServerJudge(spec(server, "server.timeout_s=60", f"server.concurrency={concurrency}", name=name))
        remote = client(table, pictures)
        assert remote["reason"].null_count == 12
        assert max(np.abs(one - numbers(remote)).max() for one in local) < 1e-4


def test_asks_as_openai_has_it_with_every_penalty_off(server):
    table, pictures = mixed(1)
    patient_judge(server)(table, pictures)
    [body] = server.bodies.values()
    plain = {k: v for k, v in body.items() if k not in ("messages", "model")}
    assert plain == {
        "max_tokens": 1, "temperature": 1.0, "top_p": 1.0, "presence_penalty": 0.0, "frequency_penalty": 0.0, "n": 1,
        "logprobs": True, "top_logprobs": 20, "repetition_penalty": 1.0, "top_k": -1,
    }  # fmt: skip


def test_no_more_requests_are_sent_at_once_than_the_setting(server):
    table, pictures = mixed(12)
    patient_judge(server, "server.concurrency=3")(table, pictures)
    assert 1 < server.most <= 3


def test_transient_faults_lose_and_duplicate_nothing(server):
    table, pictures = mixed(32)
    expected = numbers(patient_judge(server)(table, pictures))
    server.forget()
    server.faults = passing_faults
    judge = ServerJudge(spec(server, *FAST, "server.timeout_s=2", "server.retries=12", "server.concurrency=4"))
    rows = judge(table, pictures)
    assert rows["reason"].to_pylist() == [None] * 32
    assert np.abs(numbers(rows) - expected).max() < 1e-6
    assert len(server.attempts) == 32  # one body a pair
    failed = [a for a in server.attempts.values() if a > 1]
    assert len(failed) > 8
    assert judge.spending().requests == server.attempts.total()


def test_every_permanent_fault_fails_only_its_row(server):
    """All kinds at once; then the server is well again, and what a second run asks again is judged."""
    table, pictures = mixed(40)
    expected = numbers(patient_judge(server)(table, pictures))
    digests = list(server.bodies)
    server.forget()
    kinds = [*WRONG_SHAPES, HALF, OTHERS, 400, 413, served_as.SILENT, served_as.BROKEN, served_as.CUT, served_as.HUNG_UP]
    plan = {
        digest: kinds[int(digest[:6], 16) % (2 * len(kinds))]
        for digest in digests
        if int(digest[:6], 16) % (2 * len(kinds)) < len(kinds)
    }
    server.faults = lambda digest, attempt: plan.get(digest)
    judge = ServerJudge(spec(server, *FAST, "server.timeout_s=2", "server.retries=1", "server.concurrency=4"))
    rows = judge(table, pictures)
    assert len(rows) == 40
    reasons, scores = rows["reason"].to_pylist(), numbers(rows)
    assert all((reason is None) != np.isnan(score) for reason, score in zip(reasons, scores, strict=True))
    occurred = {r for r in reasons if r}
    assert occurred <= {UNREADABLE, NOT_IN_TOP, REFUSED, UNAVAILABLE} and len(occurred) >= 3
    fine = [n for n, r in enumerate(reasons) if r is None]
    assert np.abs(scores[fine] - expected[fine]).max() < 1e-6
    assert not {0.0, 1.0} & set(scores.tolist())
    again = [n for n, r in enumerate(reasons) if r in PASSING]
    assert again
    server.forget()
    second = patient_judge(server)(table.take(again), pictures)
    assert second["reason"].null_count == len(again)
    assert np.abs(numbers(second) - expected[again]).max() < 1e-6
    assert server.attempts.total() == len(again)


@pytest.mark.parametrize(("fault", "reason"), [*((kind, UNREADABLE) for kind in WRONG_SHAPES), (HALF, UNREADABLE), (OTHERS, NOT_IN_TOP), (400, REFUSED), (503, UNAVAILABLE), (served_as.SILENT, UNAVAILABLE), (served_as.CUT, UNAVAILABLE)])  # fmt: skip
def test_each_fault_by_itself(server, fault, reason):
    table, pictures = mixed(1)
    server.faults = lambda digest, attempt: fault
    rows = ServerJudge(spec(server, *FAST, "server.retries=1"))(table, pictures).to_pylist()[0]
    assert (rows["score"], rows["reason"]) == (None, reason)
    assert rows["detail"]


def test_a_budget_of_requests_stops_cleanly_and_a_second_run_continues(server):
    table, pictures = mixed(12)
    rows = patient_judge(server, "server.max_requests=5", "server.concurrency=3")(table, pictures)
    judged = [n for n, r in enumerate(rows["reason"].to_pylist()) if r is None]
    assert len(judged) == 5 == server.attempts.total()
    left = [n for n, r in enumerate(rows["reason"].to_pylist()) if r == NOT_ASKED]
    assert len(left) == 7 and NOT_ASKED in PASSING
    second = patient_judge(server)(table.take(left), pictures)
    assert second["reason"].null_count == 7
    assert server.answered.total() == 12 and max(server.answered.values()) == 1


def test_retries_count_against_the_budget(server):
    table, pictures = mixed(4)
    server.faults = lambda digest, attempt: served_as.BROKEN
    judge = ServerJudge(spec(server, *FAST, "server.max_requests=6", "server.retries=100", "server.timeout_s=60"))
    rows = judge(table, pictures)
    assert server.attempts.total() == 6 == judge.spending().requests
    assert set(rows["reason"].to_pylist()) == {NOT_ASKED}


def test_a_budget_of_money_is_respected(server):
    table, pictures = mixed(12)
    cheap = patient_judge(server, "server.price_in=1000000")  # a unit of money a token
    cheap(table, pictures)
    spent = cheap.spending()
    assert spent.cost == pytest.approx(spent.tokens)
    server.forget()
    judge = patient_judge(server, "server.price_in=1000000", f"server.max_cost={spent.cost / 2}", "server.concurrency=1")
    rows = judge(table, pictures)
    judged = rows["reason"].null_count
    assert 3 <= judged <= 7 and set(rows["reason"].to_pylist()) == {None, NOT_ASKED}
    assert judge.spending().cost <= spent.cost / 2 * 1.2


def test_a_key_is_sent_and_is_in_no_message(tiny, monkeypatch, caplog):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    table, pictures = mixed(2)
    key = "sk-very-secret"
    with serving(tiny, key=key) as server, caplog.at_level(logging.DEBUG):
        load = LoadJudge(spec(server, "server.timeout_s=60"), api_key=key)
        assert key not in repr(load)
        judge = load()
        assert judge(table, pictures)["reason"].null_count == 2
        assert key not in judge.model
        with pytest.raises(SettingsError, match=r"401.*\$OPENAI_API_KEY") as refused:
            LoadJudge(spec(server), api_key="sk-wrong")()
        assert "sk-wrong" not in str(refused.value)
        server.key = "sk-new"  # revoked in the middle of a run: the run ends, and no row blames the pair
        with pytest.raises(SettingsError, match="401"):
            judge(table, pictures)
    assert key not in caplog.text


def test_a_missing_server_is_an_error_at_the_start():
    with pytest.raises(
        SettingsError, match=r"judge\.server\.url is 'http://127.0.0.1:1/v1': no server answers at this address.*vllm serve m"
    ):
        LoadJudge(load_spec("content", ["backend=openai", "model=m", "server.url=http://127.0.0.1:1/v1"]))()


def test_a_model_that_is_not_served_is_an_error_at_the_start(server):
    with pytest.raises(SettingsError, match=r"judge\.model 'big'.*serves \['tiny'\]"):
        LoadJudge(replace(spec(server), model="big"))()


def test_the_name_follows_from_what_changes_scores(server):
    one = name_of(spec(server))
    assert one == name_of(spec(server, "server.concurrency=2", "server.max_requests=5"))
    others = [spec(server, "server.pictures=jpeg"), spec(server, "item_chars=9"), replace(spec(server), model="other")]
    assert len({one.model, *(name_of(s).model for s in others)}) == 4


def test_jpeg_scores_are_near_those_of_png(server):
    table, pictures = mixed(4)
    png, jpeg = (numbers(patient_judge(server, f"server.pictures={kind}")(table, pictures)) for kind in ("png", "jpeg"))
    assert 0 < np.abs(png - jpeg).max() < 0.05
