"""From pairs to answers through real actors and a real server, without a workspace: `score_pairs` and `JudgePool`."""

import json

import numpy as np
import pyarrow as pa
import pytest

from pipelines.flows.judge_relevance.judge_actors import JudgePool
from pipelines.flows.judge_relevance.score_pairs import JudgeRun, PairBudget, score_pairs
from pipelines.flows.judge_relevance.settings import JudgeRelevance, PairChunks
from pipelines.judge.judge_chunk import CHUNK, from_model_key
from pipelines.judge.load_judge import LoadJudge
from pipelines.judge.preset import load_spec
from pipelines.judge.protocol import NOT_ASKED
from pipelines.judge.score_cache import cache_of
from pipelines.workspace.filesystem import Folder
from schemas.errors import DataError, SettingsError
from tests.support.hostile_server import completion, talking
from tests.support.judge_pairs import item, pairs


def rows(count):
    texts = [
        ("text_to_text", item("text", f"a{n}", text="red mug"), item("text", f"b{n}", text=f"pair {n}.")) for n in range(count)
    ]
    return pa.Table.from_pylist(
        [row | {"pictures": "", "files": [], "blank": False} for row in pairs(*texts).to_pylist()], CHUNK
    )


def judge(machines, folder, url, table, max_pairs=None, *more):
    """The scores of the pairs, and the spending."""
    sets = [
        "backend=openai",
        "model=m",
        f"server.url={url}",
        "server.retries=1",
        "server.backoff_s=0.01",
        "server.timeout_s=60",
        *more,
    ]
    judge_pool = JudgePool(LoadJudge(load_spec("content", sets)), machines, "")
    cache = cache_of(Folder(str(folder)), *from_model_key(judge_pool.name()), "w")
    run = JudgeRun(judge_pool, cache, JudgeRelevance(chunks=PairChunks(pairs=4)), PairBudget(max_pairs))
    try:
        return score_pairs(run, table, np.arange(len(table))), judge_pool.spending()
    finally:
        judge_pool.end()


def is_probe(talk):
    return b"a red square" in talk.asked


def test_a_server_that_fails_the_probe_gets_no_pair(ray_local, tmp_path):
    """The job said "Judged" and exited with 0."""
    with talking(lambda talk: talk.send(b'{"detail": "Unexpected fields: top_k"}', "422 x")) as (url, requests):
        with pytest.raises(SettingsError, match="422.*Unexpected fields: top_k"):
            judge(ray_local, tmp_path, url, rows(40))
        assert all(map(is_probe, requests))


def test_only_refused_pairs_end_the_run_and_are_judged_again_by_the_next(ray_local, tmp_path):
    healthy = {"now": False}

    def play(talk):
        ok = is_probe(talk) or healthy["now"]
        talk.send(completion().encode() if ok else b"no", "200 x" if ok else "413 x")

    with talking(play) as (url, _):
        with pytest.raises(DataError, match=r"none of the first 4 pairs has a score: server refused \(4\), such as: 413 no"):
            judge(ray_local, tmp_path, url, rows(40), 20)
        healthy["now"] = True
        scores, _ = judge(ray_local, tmp_path, url, rows(40))
    assert (scores.calls, scores.cached, scores.answers["reason"].null_count) == (40, 0, 40)


def test_the_refused_share_is_of_the_pairs_sent_to_the_judge(ray_local, tmp_path):
    def play(talk):
        number = json.dumps(json.loads(talk.asked)["messages"]).split("pair ")[-1].split(".")[0]
        ok = is_probe(talk) or int(number) % 2 == 0
        talk.send(completion().encode() if ok else b"no", "200 x" if ok else "413 x")

    with (
        talking(play) as (url, _),
        pytest.raises(DataError, match="of 20 pairs sent to the judge have no score: server refused"),
    ):
        judge(ray_local, tmp_path, url, rows(400), 20)


def test_one_budget_for_all_actors_including_probe_and_retries(ray_local, tmp_path):
    with talking(lambda talk: talk.send(completion().encode())) as (url, requests):
        scores, spending = judge(ray_local, tmp_path, url, rows(40), None, "server.max_requests=13")
        assert len(requests) == 13 == spending.requests
    reasons = scores.answers["reason"].to_pylist()
    assert (reasons.count(None), reasons.count(NOT_ASKED)) == (11, 29)
