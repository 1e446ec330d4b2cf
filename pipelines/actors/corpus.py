"""A corpus split over actors: each searches its part, and a task merges what they found and goes on with it."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import ray

from pipelines.negatives.cells import Cells
from pipelines.negatives.fixed_order import Vectors
from pipelines.negatives.part import Corpus, Part, merged
from pipelines.negatives.search import Found, Search

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


def kept(value: Any) -> Any:  # noqa: ANN401
    """A value in Ray's store, to be handed to many tasks."""
    return ray.put(value)


@contextmanager
def searchers(count: int, search: Search, cells: Cells) -> Iterator[list[Any]]:
    """Actors that search, while the block runs; of one corpus after the other."""
    kind: Any = ray.remote(_Searcher).options(num_cpus=1, max_restarts=-1, max_task_retries=3)
    actors = [kind.remote(search, cells) for _ in range(count)]
    try:
        yield actors
    finally:
        for actor in actors:
            ray.kill(actor)


def answered(actors: Sequence[Any], name: str, parts: Iterable[Corpus], blocks: Iterable[Asked]) -> Iterator[Any]:
    """What `then` makes of each block, in their order.

    Args:
        actors: of `searchers`.
        name: of the corpus.
        parts: of one corpus, at most one an actor.
        blocks: taken as there is room for them.

    Cost: a part in each actor's memory; of blocks AHEAD for each actor under way.
    """
    held = [ray.put(part) for part in parts]
    if not held:
        return
    finish = ray.remote(_finish).options(num_cpus=0, max_retries=3)
    under_way: deque[Any] = deque()
    for block in blocks:
        queries = ray.put(block.queries)
        found = [a.find.remote(name, p, queries, block.depth) for a, p in zip(actors, held, strict=False)]
        under_way.append(finish.remote(block.then, block.depth, block.elements, len(found), *found, *block.extra))
        if len(under_way) >= AHEAD * len(actors):
            yield ray.get(under_way.popleft())
    while under_way:
        yield ray.get(under_way.popleft())


def _finish(then: Callable[..., Any], depth: int, elements: bool, parts: int, *rest: Any) -> Any:  # noqa: ANN401
    return then(merged(list(rest[:parts]), depth, elements), *rest[parts:])
