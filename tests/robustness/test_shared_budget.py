"""The budget of a run, with real judges in real actors that die and restart."""

import time

import pyarrow as pa
import pytest
import ray
from ray.exceptions import RayActorError

from pipelines.engines.ray.actor_pool import start_pool
from pipelines.flows.judge_relevance.budget_actor import SharedBudget
from pipelines.judge.budget import BudgetSpent
from pipelines.judge.judge_chunk import CHUNK, LoadChunkJudge, LoadPictureReader
from pipelines.judge.load_judge import LoadJudge
from pipelines.judge.preset import JudgeServer, load_spec
from pipelines.workspace.filesystem import Folder
from schemas.errors import DataError
from tests.support.hostile_server import completion, talking
from tests.support.judge_pairs import item, pairs


@pytest.fixture
def shared_budget(ray_local):
    started = []

    def start(**limits):
        started.append(SharedBudget(JudgeServer(**limits)))
        return started[-1]

    yield start
    for one in started:
        one.end()


def rows(count, begin=0):
    table = pairs(
        *[
            ("text_to_text", item("text", f"a{n}", text="red mug"), item("text", f"b{n}", text=f"{n}"))
            for n in range(begin, begin + count)
        ]
    )
    full = [row | {"pictures": "", "files": [], "blank": False} for row in table.to_pylist()]
    return pa.Table.from_pylist(full, CHUNK)


def retry_while_restarting(call, seconds=120):
    """The result of an actor call, retried while the actor restarts."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            return ray.get(call())
        except RayActorError:
            time.sleep(0.2)
    raise AssertionError("the actor did not restart")


def test_a_restarted_judge_has_the_rest_of_the_runs_budget(shared_budget, ray_local, tmp_path):
    """Each restart brought a whole budget: three deaths paid four times."""
    budget = shared_budget(max_requests=10)
    with talking(lambda talk: talk.send(completion().encode())) as (url, requests):
        spec = load_spec(
            "content", ["backend=openai", "model=m", f"server.url={url}", "server.retries=0", "server.timeout_s=60"]
        )
        load = LoadChunkJudge(LoadJudge(spec, budget=budget))
        actors = start_pool(LoadPictureReader(64, True), load, ray_local)
        try:
            for life in range(3):
                reasons = []
                for n, actor in enumerate(actors.models[:2]):
                    some = (rows(4, 100 * life + 10 * n), {}, Folder(str(tmp_path)), f"{life}-{n}.parquet", None)
                    reasons += retry_while_restarting(lambda actor=actor, some=some: actor.write.remote(*some))[
                        "reason"
                    ].to_pylist()
                for actor in actors.models[:2]:
                    ray.kill(actor, no_restart=False)
        finally:
            actors.end()
        assert len(requests) == 10 == budget.spending().requests
    assert set(reasons) == {"not asked: the budget is spent"}


def test_a_handle_in_another_process_uses_the_same_budget(shared_budget):
    budget = shared_budget(price_in=1e6, max_cost=25.0)

    @ray.remote(num_cpus=0)
    def spend(budget):
        budget.reserve(10)
        budget.settle(10, 12)
        return budget.spending().cost

    assert ray.get(spend.remote(budget)) == 12
    budget.reserve(10)
    with pytest.raises(BudgetSpent, match=r"max_cost = 25.0: 22"):
        budget.reserve(10)
    assert budget.exhausted and budget.spending().requests == 2


def test_without_the_budget_process_no_request_is_sent(shared_budget, ray_local, tmp_path):
    budget = shared_budget(max_requests=100)
    with talking(lambda talk: talk.send(completion().encode())) as (url, requests):
        spec = load_spec(
            "content", ["backend=openai", "model=m", f"server.url={url}", "server.retries=0", "server.timeout_s=60"]
        )
        actors = start_pool(LoadPictureReader(64, True), LoadChunkJudge(LoadJudge(spec, budget=budget)), ray_local)
        try:
            actors.model()
            ray.kill(budget._actor)
            with pytest.raises(DataError, match="the process that counts the run's spending has died"):
                actors.call_first("probe")
        finally:
            actors.end()
        assert requests == []
