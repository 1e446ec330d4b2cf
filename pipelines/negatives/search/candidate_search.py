"""The search: which queries ask which corpus, and what each block of them is offered."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pipelines.negatives import query_positives
from pipelines.negatives.filters.false_negative_filter import CANDIDATES, SCORED
from pipelines.negatives.search.corpus_part import Corpus
from pipelines.negatives.search.exact_dot import products
from pipelines.negatives.search.exact_search import Found
from pipelines.negatives.search.ivf import Cells, centres
from pipelines.negatives.search.maxsim import maxsim
from pipelines.negatives.search.note_elements import Shown
from pipelines.negatives.search.search_actors import Asked, Searchers, answered
from pipelines.negatives.search.vector_store import Stored

ROWS_AT_A_TIME = 65_536

Numbers = NDArray[np.int64]


class Block(NamedTuple):
    """Queries of one task and split."""

    task: str
    items: Numbers
    """[n] numbers of the queries among the items."""


@dataclass(frozen=True, slots=True)
class World:
    """What is searched: the items of the workspace, those after `searched` being rule-made, with their vectors."""

    items: pa.Table
    """ITEMS, rule-made ones at the end."""
    searched: int
    shown: Shown
    stored: Stored

    def ids(self) -> pa.Array:
        """[items] item_id."""
        return self.items.column("item").combine_chunks().field("item_id")

    def numbers(self, ids: pa.ChunkedArray) -> Numbers:
        """[n] item_ids -> [n] their numbers; -1: there is none."""
        return np.asarray(pc.fill_null(pc.index_in(ids, value_set=self.ids()), -1), np.int64)

    def seen(self) -> NDArray[np.bool_]:
        """[items] whether the item has a vector."""
        return self.stored.there[self.shown.items]


@dataclass(frozen=True, slots=True, kw_only=True)
class How:
    """Of a search: none of it but depth and cells moves a row."""

    depth: int
    queries: int
    search: Searchers
    """A corpus is cut into as many parts as it has actors."""
    cells: Cells


def similarities(world: World, pairs: pa.Table, target: str = "positive_id") -> pa.Array:
    """[n] of each pair's query with its target, MaxSim where the target is a note; null where one is not encoded.

    Args:
        world: whose items.
        pairs: query_id, and the target's column.
        target: its name.
    """
    queries, targets = world.numbers(pairs.column("query_id")), world.numbers(pairs.column(target))
    out = np.full(len(pairs), np.nan, np.float32)
    known = (queries >= 0) & (targets >= 0)
    notes = np.diff(world.shown.starts)[targets] > 0
    seen = world.seen()
    one = np.flatnonzero(known & ~notes & seen[queries] & seen[targets])
    for rows in _pieces(one):
        out[rows] = products(*(world.stored.at(world.shown.items[side[rows]]) for side in (queries, targets)))
    for rows in _pieces(np.flatnonzero(known & notes & seen[queries])):
        elements, starts = _elements(world, targets[rows])
        mine = world.stored.at(world.shown.items[queries[rows]])
        out[rows] = maxsim(mine, world.stored.at(elements), starts[:-1], starts[1:])
    return pa.array(out, pa.float32(), mask=~np.isfinite(out))


def scored(world: World, positives: pa.Table) -> pa.Table:
    """SCORED: all pairs of the positives, with their similarity."""
    pairs = query_positives.pairs(positives)
    return pairs.append_column("similarity", similarities(world, pairs)).cast(SCORED)


def offers(
    world: World, asking: pa.Table, every: pa.Table, how: How, then: Callable[..., Any], extra: Callable[[Block], list[Any]]
) -> Iterator[Any]:
    """What `then(Found, block's ids and task, *extra)` makes of every block, task by task within each split.

    Args:
        world: what is searched.
        asking: ASKED; their queries ask, once for each task.
        every: ASKED, all pairs: their positives are what answers a task.
        how: depth and memory.
        then: a function of a module, called in a task of Ray.
        extra: its further arguments for a block.
    """
    split = np.asarray(world.items.column("split").combine_chunks().to_numpy(zero_copy_only=False), str)
    tasks, of = (np.array(pairs.column("task").to_pylist(), str) for pairs in (asking, every))
    queries, answers = world.numbers(asking.column("query_id")), world.numbers(every.column("positive_id"))
    usable = world.seen()[queries]
    pools = {task: candidates(world, task, answers[of == task]) for task in np.unique(tasks).tolist()}
    for place in sorted(set(split[: world.searched].tolist())):
        for task, pool in pools.items():
            mine = usable & (split[queries] == place) & (tasks == task)
            if not mine.any():
                continue
            parts = _corpus(world, pool[split[pool] == place], task.endswith("_to_note"), how)
            asks = (_asked(world, block, how, then, extra) for block in _blocks(queries[mine], task, how.queries))
            yield from answered(how.search, f"{place} {task}", parts, asks)


def candidates(world: World, task: str, answers: Numbers) -> Numbers:
    """Numbers of the items that a task's queries are offered, ascending: of the form of its answers, or form tells them apart.

    What answers the task elsewhere: a caption is answered by captions, not by a note's body, and a picture in whole by
    pictures in whole. A learner that is given others learns that long texts and crops are wrong, whatever was asked
    (dev/log.md). Where query and answer are alike (image to image), every item of the answers' kinds has their form.

    Args:
        world: whose items; rule-made ones are not offered.
        task: such as image_to_note.
        answers: numbers of the positives of all its pairs, in any split.
    """
    answers = np.unique(answers[(answers >= 0) & (answers < world.searched)])
    asked_for, given = task.split("_to_")
    if asked_for != given:
        return answers
    kinds = world.items.column("item").combine_chunks().field("kind").slice(0, world.searched)
    return np.flatnonzero(np.asarray(pc.is_in(kinds, value_set=pc.unique(kinds.take(pa.array(answers)))), bool))


def table(found: Found, query_ids: pa.Array, task: str, ids: pa.Array) -> pa.Table:
    """CANDIDATES: what a block was offered.

    Args:
        found: [n, k] numbers of items.
        query_ids: [n].
        task: of all of them.
        ids: [items] item_id.
    """
    there = found.rows >= 0
    columns = [
        query_ids.take(pa.array(np.repeat(np.arange(len(query_ids)), there.sum(axis=1)))),
        pa.array(np.full(int(there.sum()), task)),
        ids.take(pa.array(found.rows[there])),
        pa.array(found.scores[there]),
    ]
    return pa.table(columns, names=CANDIDATES.names).cast(CANDIDATES)


def _asked(world: World, block: Block, how: How, then: Callable[..., Any], extra: Callable[[Block], list[Any]]) -> Asked:
    vectors = world.stored.at(world.shown.items[block.items])
    ids = world.ids().take(pa.array(block.items))
    return Asked(vectors, how.depth, block.task.endswith("_to_note"), then, [ids, block.task, *extra(block)])


def _blocks(queries: Numbers, task: str, size: int) -> Iterator[Block]:
    mine = np.unique(queries)
    for begin in range(0, len(mine), size):
        yield Block(task, mine[begin : begin + size])


def _corpus(world: World, pool: Numbers, notes: bool, how: How) -> Iterator[Corpus]:
    """The corpus of a pool in parts: notes by their elements."""
    if notes:
        rows, starts = _elements(world, pool)
        names = np.repeat(pool, np.diff(starts))
    else:
        rows, names = world.shown.items[pool], pool
    there = world.stored.there[rows]
    rows, names = rows[there], names[there]
    middle = None
    if not notes and len(rows) > how.cells.above:
        middle = centres(world.stored.at(rows), how.cells)
    for part in np.array_split(np.arange(len(rows)), len(how.search.actors)):
        if len(part):
            yield Corpus(vectors=world.stored.at(rows[part]), names=names[part], elements=notes, middle=middle)


def _elements(world: World, notes: Numbers) -> tuple[Numbers, Numbers]:
    """The rows of some notes' elements that have a vector, and where each note's begin: [m], [notes + 1]."""
    starts, elements = world.shown.starts, world.shown.elements
    counts = starts[notes + 1] - starts[notes]
    at = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts) + np.repeat(starts[notes], counts)
    rows = elements[at]
    owner = np.repeat(np.arange(len(notes)), counts)
    there = world.stored.there[rows]
    kept = np.bincount(owner[there], minlength=len(notes))
    return rows[there], np.concatenate([[0], np.cumsum(kept)]).astype(np.int64)


def _pieces(rows: Numbers) -> Iterator[Numbers]:
    for begin in range(0, len(rows), ROWS_AT_A_TIME):
        yield rows[begin : begin + ROWS_AT_A_TIME]
