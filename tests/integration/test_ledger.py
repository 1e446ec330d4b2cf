"""The budget of a run, with real judges in real actors that die and start again."""

import time

import pyarrow as pa
import pytest
import ray
from ray.exceptions import RayActorError

from pipelines.engines.ray.actor_pool import start_pool
from pipelines.flows.judge_relevance.budget_actor import Ledger
from pipelines.judge.budget import Spent
from pipelines.judge.judge_chunk import CHUNK, LoadChunkJudge, LoadPictures
from pipelines.judge.load_judge import LoadJudge
from pipelines.judge.preset import Asking, load_spec
from pipelines.workspace.filesystem import Folder
from schemas.errors import DataError
from tests.support.hostile_server import completion, talking
from tests.support.judge_pairs import item, pairs


@pytest.fixture
def ledger(ray_local):
    made = []

    def of(**limits):
        made.append(Ledger(Asking(**limits)))
        return made[-1]

    yield of
    for one in made:
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


def answered(ask, seconds=120):
    """What an actor answers; asked again while it is starting again."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            return ray.get(ask())
        except RayActorError:
            time.sleep(0.2)
    raise AssertionError("it did not start again")


def test_a_judge_that_dies_and_starts_again_has_what_the_run_has_left(ledger, ray_local, tmp_path):
    """Each restart brought a whole budget: three deaths paid four times."""
    purse = ledger(max_requests=10)
    with talking(lambda talk: talk.send(completion().encode())) as (url, asked):
        spec = load_spec(
            "content", ["backend=openai", "model=m", f"server.url={url}", "server.retries=0", "server.timeout_s=60"]
        )
        load = LoadChunkJudge(LoadJudge(spec, budget=purse))
        actors = start_pool(LoadPictures(64, True), load, ray_local)
        try:
            for life in range(3):
                reasons = []
                for n, actor in enumerate(actors.models[:2]):
                    some = (rows(4, 100 * life + 10 * n), {}, Folder(str(tmp_path)), f"{life}-{n}.parquet", None)
                    reasons += answered(lambda actor=actor, some=some: actor.write.remote(*some))["reason"].to_pylist()
                for actor in actors.models[:2]:
                    ray.kill(actor, no_restart=False)
        finally:
            actors.end()
        assert len(asked) == 10 == purse.bill().requests
    assert set(reasons) == {"not asked: the budget is spent"}


def test_a_handle_in_another_process_spends_from_the_same_budget(ledger):
    purse = ledger(price_in=1e6, max_cost=25.0)

    @ray.remote(num_cpus=0)
    def spends(purse):
        purse.take(10)
        purse.settle(10, 12)
        return purse.bill().cost

    assert ray.get(spends.remote(purse)) == 12
    purse.take(10)
    with pytest.raises(Spent, match=r"max_cost = 25.0: 22"):
        purse.take(10)
    assert purse.ended and purse.bill().requests == 2


def test_when_nobody_knows_what_was_spent_nothing_more_is_asked(ledger, ray_local, tmp_path):
    purse = ledger(max_requests=100)
    with talking(lambda talk: talk.send(completion().encode())) as (url, asked):
        spec = load_spec(
            "content", ["backend=openai", "model=m", f"server.url={url}", "server.retries=0", "server.timeout_s=60"]
        )
        actors = start_pool(LoadPictures(64, True), LoadChunkJudge(LoadJudge(spec, budget=purse)), ray_local)
        try:
            actors.model()
            ray.kill(purse._actor)
            with pytest.raises(DataError, match="the process that counts what the run has spent has died"):
                actors.call_first("probe")
        finally:
            actors.end()
        assert asked == []
