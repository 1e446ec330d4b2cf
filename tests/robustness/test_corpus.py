"""A corpus that is searched by actors: the same answers for any number of them, whatever dies."""

import numpy as np
import pytest
import ray

from pipelines.negatives.search.corpus_part import CorpusPart
from pipelines.negatives.search.exact_search import Search, SearchHits, exact
from pipelines.negatives.search.ivf import IvfSettings
from pipelines.negatives.search.search_actors import SearchRequest, refuse_search_device, run_requests, start_search_actors
from schemas.errors import SettingsError

DEPTH = 7


@pytest.fixture(scope="module")
def vectors():
    drawn = np.random.default_rng(3).normal(size=(240, 16)).astype(np.float32)
    return drawn / np.linalg.norm(drawn, axis=1, keepdims=True)


def unchanged(hits: SearchHits) -> SearchHits:
    return hits


def requests(queries):
    return [SearchRequest(part, DEPTH, False, unchanged, ()) for part in np.split(queries, 6)]


def parts(vectors, count):
    rows = np.array_split(np.arange(len(vectors)), count)
    return [CorpusPart(vectors=vectors[some], names=some.astype(np.int64), elements=False) for some in rows]


def searched(vectors, count, disturb=lambda _: None):
    with start_search_actors(count, Search(), IvfSettings()) as search:
        disturb(search)
        hits = list(run_requests(search, "corpus", parts(vectors, count), requests(vectors[:60])))
    return np.concatenate([some.rows for some in hits])


@pytest.mark.parametrize("count", [1, 3])
def test_the_actors_answer_as_one_search_does(ray_local, vectors, count):
    np.testing.assert_array_equal(searched(vectors, count), exact(vectors[:60], vectors, DEPTH, Search()).rows)


def test_an_actor_that_ray_does_not_start_again_is_started_again(ray_local, vectors):
    def disturb(search):
        ray.kill(search.actors[1])

    np.testing.assert_array_equal(searched(vectors, 2, disturb), exact(vectors[:60], vectors, DEPTH, Search()).rows)


@pytest.mark.parametrize("device", ["cuda", "cuda:7", "nonsense"])
def test_a_device_that_is_not_there_is_one_line_before_the_search(ray_local, device):
    refuse_search_device("cpu")
    with pytest.raises(
        SettingsError, match=rf"^search.device={device}: torch .* sees .* \(.*\); set search.device=cpu"
    ) as said:
        refuse_search_device(device)
    assert "\n" not in str(said.value)
