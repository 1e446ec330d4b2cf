"""A corpus split over actors: each searches its part, and a task merges what they found and goes on with it."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
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


class _PartActor:
    """Handed its part with every call, out of Ray's store without a copy: one that died and came back has lost nothing."""

    def __init__(self, search: Search, cells: Cells) -> None:
        self._search, self._cells = search, cells
        self._part: Part | None = None

    def find(self, corpus: Corpus, queries: Vectors, k: int) -> Found:
        if self._part is None:
            self._part = Part(corpus, self._search, self._cells)
        return self._part.find(queries, k)


def kept(value: Any) -> Any:  # noqa: ANN401
    """A value in Ray's store, to be handed to many tasks."""
    return ray.put(value)


def answered(parts: Iterable[Corpus], blocks: Iterable[Asked], search: Search, cells: Cells) -> Iterator[Any]:
    """What `then` makes of each block, in their order. The actors end with the iteration.

    Args:
        parts: of one corpus; an actor each.
        blocks: taken as there is room for them.
        search: memory and device of an actor.
        cells: of the search by cells.

    Cost: a part in each actor's memory; of blocks AHEAD for each actor under way.
    """
    kind: Any = ray.remote(_PartActor).options(num_cpus=1, max_restarts=-1, max_task_retries=3)
    held = [ray.put(part) for part in parts]
    actors = [kind.remote(search, cells) for _ in held]
    if not actors:
        return
    finish = ray.remote(_finish).options(num_cpus=0, max_retries=3)
    under_way: deque[Any] = deque()
    try:
        for block in blocks:
            queries = ray.put(block.queries)
            found = [a.find.remote(part, queries, block.depth) for a, part in zip(actors, held, strict=True)]
            under_way.append(finish.remote(block.then, block.depth, block.elements, len(found), *found, *block.extra))
            if len(under_way) >= AHEAD * len(actors):
                yield ray.get(under_way.popleft())
        while under_way:
            yield ray.get(under_way.popleft())
    finally:
        for actor in actors:
            ray.kill(actor)


def _finish(then: Callable[..., Any], depth: int, elements: bool, parts: int, *rest: Any) -> Any:  # noqa: ANN401
    return then(merged(list(rest[:parts]), depth, elements), *rest[parts:])
