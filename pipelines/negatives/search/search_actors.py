"""Search over a corpus that is split over Ray actors: each searches its part, and a task merges the hits and processes them."""

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import ray
from ray.exceptions import GetTimeoutError

from pipelines.engines.ray.actor_pool import ray_result
from pipelines.engines.ray.dead_actors import DEATHS, GIVE_UP_S, RESTART_S
from pipelines.models.device import refuse_device
from pipelines.negatives.search.best_below import Bounds
from pipelines.negatives.search.corpus_part import CorpusPart, PartIndex, merge_parts
from pipelines.negatives.search.exact_dot import Vectors
from pipelines.negatives.search.exact_search import Search, SearchHits
from pipelines.negatives.search.ivf import IvfSettings
from pipelines.workspace.progress_line import log_progress

BLOCKS_PER_ACTOR = 2
"""Blocks of queries in progress for each actor."""


class SearchRequest(NamedTuple):
    """A block of queries, and the function that processes its hits."""

    queries: Vectors
    """[n, d]."""
    depth: int
    """Hits for each query."""
    elements: bool
    """As `CorpusPart.elements`."""
    process: Callable[..., Any]
    """Called with the SearchHits of the whole corpus and `arguments`, in a task of its own."""
    arguments: Sequence[Any]
    """Values, or references to objects in Ray's store."""
    bounds: Bounds | None = None
    """Of the n queries; None: every row counts."""
    skip: int = 0
    """Number of the best hits that are left out."""


class _SearchActor:
    """Receives its part with every call, from Ray's store without a copy: an actor that restarts has lost nothing."""

    def __init__(self, search: Search, cells: IvfSettings) -> None:
        self._search, self._cells = search, cells
        self._corpus = ""
        self._index: PartIndex | None = None

    def search(self, corpus: str, part: CorpusPart, queries: Vectors, k: int, bounds: Bounds | None) -> Any:  # noqa: ANN401
        if self._index is None or self._corpus != corpus:
            self._corpus, self._index = corpus, PartIndex(part, self._search, self._cells)
        return self._index.search(queries, k, bounds)


def refuse_search_device(device: str) -> None:
    """Check that a Ray process can search on the device, before there are vectors to search.

    Raises:
        SettingsError: it cannot.
    """
    if device != "cpu":
        ray_result(ray.remote(refuse_device).options(num_cpus=0).remote(device, "search.device"))


def put(value: Any) -> Any:  # noqa: ANN401
    """Store a value in Ray's object store, to be passed to many tasks."""
    return ray.put(value)


class SearchActors:
    """Actors that search one corpus after the other."""

    def __init__(self, count: int, search: Search, cells: IvfSettings) -> None:
        """Start them, with one processor each; with none if a machine that was counted on is gone already."""
        self._settings = (search, cells)
        self._processors = _processors()
        self.actors = self._started(count, 1 if self._processors >= count else 0)

    def lost_machine(self) -> bool:
        """Whether a machine has gone since the last call."""
        before, self._processors = self._processors, _processors()
        if self._processors < before:
            log_progress(
                f"Ray: {before - self._processors:g} processors are gone with their machine; the search goes on without them"
            )
        return self._processors < before

    def restart(self) -> None:
        """Start all actors again; they reserve no processor: too few may be left."""
        self.end()
        self.actors = self._started(len(self.actors), 0)

    def end(self) -> None:
        """End the actors."""
        for actor in self.actors:
            ray.kill(actor)

    def _started(self, count: int, processors: int) -> list[Any]:
        kind: Any = ray.remote(_SearchActor).options(num_cpus=processors, max_restarts=-1, max_task_retries=3)
        return [kind.remote(*self._settings) for _ in range(count)]


def _processors() -> float:
    return float(ray.cluster_resources().get("CPU", 0.0))  # type: ignore[no-untyped-call]


@contextmanager
def start_search_actors(count: int, search: Search, cells: IvfSettings) -> Iterator[SearchActors]:
    """Actors that search while the block runs."""
    actors = SearchActors(count, search, cells)
    try:
        yield actors
    finally:
        actors.end()


def run_requests(
    search: SearchActors, corpus: str, parts: Iterable[CorpusPart], requests: Iterable[SearchRequest]
) -> Iterator[Any]:
    """Run requests and yield what their `process` returns, in their order.

    Args:
        search: of `start_search_actors`.
        corpus: its name.
        parts: of one corpus, at most one an actor.
        requests: consumed as earlier ones finish.

    Cost: a part in each actor's memory; BLOCKS_PER_ACTOR requests for each actor in progress.
    """
    stored = [ray.put(part) for part in parts]
    if not stored:
        return
    in_progress: deque[tuple[SearchRequest, Any]] = deque()
    for request in requests:
        in_progress.append((request, _submit(search, corpus, stored, request)))
        if len(in_progress) >= BLOCKS_PER_ACTOR * len(search.actors):
            yield _next_result(search, corpus, stored, in_progress)
    while in_progress:
        yield _next_result(search, corpus, stored, in_progress)


def _submit(search: SearchActors, corpus: str, parts: Sequence[Any], request: SearchRequest) -> Any:  # noqa: ANN401
    """Reference to the result of a request."""
    merge = ray.remote(_merge_and_process).options(num_cpus=0, max_retries=3)
    queries = ray.put(request.queries)
    arguments = (queries, request.depth, request.bounds)
    hits = [actor.search.remote(corpus, part, *arguments) for actor, part in zip(search.actors, parts, strict=False)]
    window = (request.skip, request.depth)
    return merge.remote(request.process, window, request.elements, len(hits), *hits, *request.arguments)


def _next_result(search: SearchActors, corpus: str, parts: Sequence[Any], in_progress: deque[tuple[SearchRequest, Any]]) -> Any:  # noqa: ANN401
    """Result of the first request; if an actor or a machine is gone, all requests in progress are submitted again.

    Raises:
        RayActorError: or another of DEATHS: actors have kept dying for GIVE_UP_S.
    """
    first_death = None
    while True:
        try:
            result = ray.get(in_progress[0][1], timeout=RESTART_S)
            in_progress.popleft()
            return result
        except GetTimeoutError:
            if not search.lost_machine():
                continue
        except DEATHS:  # Ray has retried by itself, sooner than it learns that a machine is gone
            first_death = first_death or time.monotonic()  # not the start: a block may take long, and then die once
            if time.monotonic() - first_death > GIVE_UP_S:
                raise
            search.lost_machine()
        search.restart()
        again = [(request, _submit(search, corpus, parts, request)) for request, _ in in_progress]
        in_progress.clear()
        in_progress.extend(again)


def _merge_and_process(process: Callable[..., Any], window: tuple[int, int], elements: bool, parts: int, *rest: Any) -> Any:  # noqa: ANN401
    skip, depth = window
    hits = merge_parts(list(rest[:parts]), depth, elements)
    return process(SearchHits(hits.scores[:, skip:], hits.rows[:, skip:]), *rest[parts:])
