"""From pairs to answers through real actors and a real server, without a workspace: `asking.ask` and `judges.Bench`."""

import json

import numpy as np
import pyarrow as pa
import pytest

from pipelines.flows.judge_relevance.judge_actors import Bench
from pipelines.flows.judge_relevance.score_pairs import Asking, Budget, ask
from pipelines.flows.judge_relevance.settings import Chunking, JudgeRelevance
from pipelines.judge.judge_chunk import CHUNK, unspelled
from pipelines.judge.load_judge import LoadJudge
from pipelines.judge.preset import load_spec
from pipelines.judge.protocol import NOT_ASKED
from pipelines.judge.score_cache import cache_of
from pipelines.workspace.filesystem import Folder
from schemas.errors import DataError, SettingsError
from tests.support.hostile_server import completion, talking
from tests.support.judge_pairs import item, pairs


def rows(count):
    asked = [
        ("text_to_text", item("text", f"a{n}", text="red mug"), item("text", f"b{n}", text=f"pair {n}.")) for n in range(count)
    ]
    return pa.Table.from_pylist(
        [row | {"pictures": "", "files": [], "blank": False} for row in pairs(*asked).to_pylist()], CHUNK
    )


def answers(machines, folder, url, table, most=None, *more):
    """What is said of the pairs, and the bill."""
    sets = [
        "backend=openai",
        "model=m",
        f"server.url={url}",
        "server.retries=1",
        "server.backoff_s=0.01",
        "server.timeout_s=60",
        *more,
    ]
    bench = Bench(LoadJudge(load_spec("content", sets)), machines, "")
    cache = cache_of(Folder(str(folder)), *unspelled(bench.name()), "w")
    asking = Asking(bench, cache, JudgeRelevance(chunks=Chunking(pairs=4)), Budget(most))
    try:
        return ask(asking, table, np.arange(len(table))), bench.bill()
    finally:
        bench.end()


def is_probe(talk):
    return b"a red square" in talk.asked


def test_a_server_that_answers_no_probe_is_asked_about_no_pair(ray_local, tmp_path):
    """The job said "Judged" and exited with 0."""
    with talking(lambda talk: talk.send(b'{"detail": "Unexpected fields: top_k"}', "422 x")) as (url, asked):
        with pytest.raises(SettingsError, match="422.*Unexpected fields: top_k"):
            answers(ray_local, tmp_path, url, rows(40))
        assert all(map(is_probe, asked))


def test_pairs_that_are_all_refused_end_the_run_and_are_asked_again_by_the_next(ray_local, tmp_path):
    good = {"now": False}

    def play(talk):
        fine = is_probe(talk) or good["now"]
        talk.send(completion().encode() if fine else b"no", "200 x" if fine else "413 x")

    with talking(play) as (url, _):
        with pytest.raises(
            DataError, match=r"none of the first 4 pairs that were asked has a score: server refused \(4\), such as: 413 no"
        ):
            answers(ray_local, tmp_path, url, rows(40), 20)
        good["now"] = True
        found, _ = answers(ray_local, tmp_path, url, rows(40))
    assert (found.asked, found.known, found.said["reason"].null_count) == (40, 0, 40)


def test_the_refused_share_is_of_the_pairs_that_are_asked(ray_local, tmp_path):
    def play(talk):
        number = json.dumps(json.loads(talk.asked)["messages"]).split("pair ")[-1].split(".")[0]
        fine = is_probe(talk) or int(number) % 2 == 0
        talk.send(completion().encode() if fine else b"no", "200 x" if fine else "413 x")

    with talking(play) as (url, _), pytest.raises(DataError, match="of 20 pairs that were asked have no score: server refused"):
        answers(ray_local, tmp_path, url, rows(400), 20)


def test_one_budget_for_all_actors_probe_and_retries_too(ray_local, tmp_path):
    with talking(lambda talk: talk.send(completion().encode())) as (url, asked):
        found, bill = answers(ray_local, tmp_path, url, rows(40), None, "server.max_requests=13")
        assert len(asked) == 13 == bill.requests
    reasons = found.said["reason"].to_pylist()
    assert (reasons.count(None), reasons.count(NOT_ASKED)) == (11, 29)
