"""A corpus split over actors: each searches its part, and a task merges what they found and goes on with it."""

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
from pipelines.negatives.search.corpus_part import Corpus, Part, merged
from pipelines.negatives.search.exact_dot import Vectors
from pipelines.negatives.search.exact_search import Found, Search
from pipelines.negatives.search.ivf import Cells
from pipelines.workspace.progress_line import say

AHEAD = 2
"""Blocks of queries that are under way for each actor."""


class Asked(NamedTuple):
    """A block of queries, and what is done with what was found for it."""

    queries: Vectors
    """[n, d]."""
    depth: int
    elements: bool
    """As `Corpus.elements`."""
    then: Callable[..., Any]
    """Called with the Found of the whole corpus and `extra`, in a task of its own."""
    extra: Sequence[Any]
    """Values, or references to what lies in Ray's store."""


class _Searcher:
    """Handed its part with every call, out of Ray's store without a copy: one that died and came back has lost nothing."""

    def __init__(self, search: Search, cells: Cells) -> None:
        self._search, self._cells = search, cells
        self._at = ""
        self._part: Part | None = None

    def find(self, name: str, corpus: Corpus, queries: Vectors, k: int) -> Found:
        if self._part is None or self._at != name:
            self._at, self._part = name, Part(corpus, self._search, self._cells)
        return self._part.find(queries, k)


def refuse_search_device(device: str) -> None:
    """See that a process of Ray's can search there, before there are vectors to search.

    Raises:
        SettingsError: it cannot.
    """
    if device != "cpu":
        ray_result(ray.remote(refuse_device).options(num_cpus=0).remote(device, "search.device"))


def kept(value: Any) -> Any:  # noqa: ANN401
    """A value in Ray's store, to be handed to many tasks."""
    return ray.put(value)


class Searchers:
    """Actors that search one corpus after the other."""

    def __init__(self, count: int, search: Search, cells: Cells) -> None:
        """Start them, a processor each; none where a machine that was counted on is gone already."""
        self._made_of = (search, cells)
        self._processors = _processors()
        self.actors = self._started(count, 1 if self._processors >= count else 0)

    def lost(self) -> bool:
        """Whether a machine is gone."""
        before, self._processors = self._processors, _processors()
        if self._processors < before:
            say(f"Ray: {before - self._processors:g} processors are gone with their machine; the search goes on without them")
        return self._processors < before

    def anew(self) -> None:
        """Start all once more; they ask for no processor: too few may be left."""
        self.end()
        self.actors = self._started(len(self.actors), 0)

    def end(self) -> None:
        """End the actors."""
        for actor in self.actors:
            ray.kill(actor)

    def _started(self, count: int, processors: int) -> list[Any]:
        kind: Any = ray.remote(_Searcher).options(num_cpus=processors, max_restarts=-1, max_task_retries=3)
        return [kind.remote(*self._made_of) for _ in range(count)]


def _processors() -> float:
    return float(ray.cluster_resources().get("CPU", 0.0))  # type: ignore[no-untyped-call]


@contextmanager
def searchers(count: int, search: Search, cells: Cells) -> Iterator[Searchers]:
    """Actors that search, while the block runs; of one corpus after the other."""
    made = Searchers(count, search, cells)
    try:
        yield made
    finally:
        made.end()


def answered(search: Searchers, name: str, parts: Iterable[Corpus], blocks: Iterable[Asked]) -> Iterator[Any]:
    """What `then` makes of each block, in their order.

    Args:
        search: of `searchers`.
        name: of the corpus.
        parts: of one corpus, at most one an actor.
        blocks: taken as there is room for them.

    Cost: a part in each actor's memory; of blocks AHEAD for each actor under way.
    """
    held = [ray.put(part) for part in parts]
    if not held:
        return
    under_way: deque[tuple[Asked, Any]] = deque()
    for block in blocks:
        under_way.append((block, _given(search, name, held, block)))
        if len(under_way) >= AHEAD * len(search.actors):
            yield _first(search, name, held, under_way)
    while under_way:
        yield _first(search, name, held, under_way)


def _given(search: Searchers, name: str, held: Sequence[Any], block: Asked) -> Any:  # noqa: ANN401
    """Where what is made of a block will be."""
    finish = ray.remote(_finish).options(num_cpus=0, max_retries=3)
    queries = ray.put(block.queries)
    found = [a.find.remote(name, p, queries, block.depth) for a, p in zip(search.actors, held, strict=False)]
    return finish.remote(block.then, block.depth, block.elements, len(found), *found, *block.extra)


def _first(search: Searchers, name: str, held: Sequence[Any], under_way: deque[tuple[Asked, Any]]) -> Any:  # noqa: ANN401
    """What was made of the first block; where an actor or a machine is gone, all that are under way are asked again.

    Raises:
        RayActorError: or another of DEATHS: actors have gone on dying for GIVE_UP_S.
    """
    first_death = None
    while True:
        try:
            made = ray.get(under_way[0][1], timeout=RESTART_S)
            under_way.popleft()
            return made
        except GetTimeoutError:
            if not search.lost():
                continue
        except DEATHS:  # Ray has tried again by itself, sooner than a machine that is gone is known to be gone
            first_death = first_death or time.monotonic()  # not the start: a block may take long, and then die once
            if time.monotonic() - first_death > GIVE_UP_S:
                raise
            search.lost()
        search.anew()
        again = [(block, _given(search, name, held, block)) for block, _ in under_way]
        under_way.clear()
        under_way.extend(again)


def _finish(then: Callable[..., Any], depth: int, elements: bool, parts: int, *rest: Any) -> Any:  # noqa: ANN401
    return then(merged(list(rest[:parts]), depth, elements), *rest[parts:])
