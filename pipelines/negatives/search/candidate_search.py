"""Candidate search: which queries search which corpus, block by block."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pipelines.negatives import query_positives
from pipelines.negatives.filters.false_negative_filter import CANDIDATES, SCORED_POSITIVES
from pipelines.negatives.search.best_below import Bounds
from pipelines.negatives.search.corpus_part import CorpusPart
from pipelines.negatives.search.exact_dot import dot_products
from pipelines.negatives.search.exact_search import SearchHits
from pipelines.negatives.search.ivf import IvfSettings, train_centres
from pipelines.negatives.search.maxsim import maxsim
from pipelines.negatives.search.note_elements import RowsToEncode
from pipelines.negatives.search.rank_window import RankedSearch, TaskLimits, hash_sample, task_limits
from pipelines.negatives.search.search_actors import SearchActors, SearchRequest, run_requests
from pipelines.negatives.search.vector_store import VectorStore

ROWS_AT_A_TIME = 65_536

Numbers = NDArray[np.int64]


class Block(NamedTuple):
    """Queries of one task and split."""

    task: str
    items: Numbers
    """[n] numbers of the queries among the items."""


@dataclass(frozen=True, slots=True)
class EncodedItems:
    """The items of the workspace with their vectors; those from number `searched` on are rule-made and not searched."""

    items: pa.Table
    """ITEMS, rule-made ones at the end."""
    searched: int
    rows: RowsToEncode
    vectors: VectorStore

    def ids(self) -> pa.Array:
        """[items] item_id."""
        return self.items.column("item").combine_chunks().field("item_id")

    def numbers(self, ids: pa.ChunkedArray) -> Numbers:
        """[n] item_ids -> [n] their numbers; -1: no such item."""
        return np.asarray(pc.fill_null(pc.index_in(ids, value_set=self.ids()), -1), np.int64)

    def has_vector(self) -> NDArray[np.bool_]:
        """[items] whether the item has a vector."""
        return self.vectors.has_vector[self.rows.items]

    def vectors_of(self, items: Numbers) -> NDArray[np.float32]:
        """[n, d] the vectors of some items."""
        return self.vectors.at(self.rows.items[items])


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchPlan:
    """How the search runs. Only depth, cells and ranks change its hits."""

    depth: int
    """Hits of a query and task."""
    queries: int
    """Queries of a block."""
    search: SearchActors
    """A corpus is split into one part for each actor."""
    cells: IvfSettings
    ranks: RankedSearch | None = None
    """Instead of the nearest `depth` items those of a window of ranks below the positives' score."""


def similarities(encoded: EncodedItems, pairs: pa.Table, target: str = "positive_id") -> pa.Array:
    """[n] similarity of each pair's query and target, MaxSim if the target is a note; null if one is not encoded.

    Args:
        encoded: the items of the pairs.
        pairs: query_id, and the target's column.
        target: its name.
    """
    queries, targets = encoded.numbers(pairs.column("query_id")), encoded.numbers(pairs.column(target))
    out = np.full(len(pairs), np.nan, np.float32)
    have_items = (queries >= 0) & (targets >= 0)
    notes = np.diff(encoded.rows.starts)[targets] > 0
    has_vector = encoded.has_vector()
    single = np.flatnonzero(have_items & ~notes & has_vector[queries] & has_vector[targets])
    for rows in _pieces(single):
        out[rows] = dot_products(*(encoded.vectors_of(side[rows]) for side in (queries, targets)))
    for rows in _pieces(np.flatnonzero(have_items & notes & has_vector[queries])):
        elements, starts = _elements(encoded, targets[rows])
        out[rows] = maxsim(encoded.vectors_of(queries[rows]), encoded.vectors.at(elements), starts[:-1], starts[1:])
    return pa.array(out, pa.float32(), mask=~np.isfinite(out))


def scored_positives(encoded: EncodedItems, positives: pa.Table) -> pa.Table:
    """SCORED_POSITIVES: all pairs of POSITIVES, with their similarity."""
    pairs = query_positives.pairs(positives)
    return pairs.append_column("similarity", similarities(encoded, pairs)).cast(SCORED_POSITIVES)


def search_blocks(
    encoded: EncodedItems,
    queries: pa.Table,
    positives: pa.Table,
    plan: SearchPlan,
    process: Callable[..., Any],
    arguments: Callable[[Block], list[Any]],
) -> Iterator[Any]:
    """Search block by block, task by task within each split; yields `process(SearchHits, query ids, task, *arguments)`.

    Args:
        encoded: what is searched.
        queries: QUERY_POSITIVES; their queries are searched for, once for each task.
        positives: SCORED_POSITIVES, all pairs: they show which kinds of items answer a task, and how they score.
        plan: which ranks, and memory.
        process: a function of a module, called in a Ray task of its own.
        arguments: its further arguments for a block.
    """
    split = np.asarray(encoded.items.column("split").combine_chunks().to_numpy(zero_copy_only=False), str)
    tasks, positive_tasks = (np.array(pairs.column("task").to_pylist(), str) for pairs in (queries, positives))
    numbers, answers = encoded.numbers(queries.column("query_id")), encoded.numbers(positives.column("positive_id"))
    usable = encoded.has_vector()[numbers]
    pools = {task: candidate_pool(encoded, task, answers[positive_tasks == task]) for task in np.unique(tasks).tolist()}
    limits = _limits(encoded, positives, positive_tasks, plan)
    for name in sorted(set(split[: encoded.searched].tolist())):
        for task, pool in pools.items():
            mine = usable & (split[numbers] == name) & (tasks == task)
            if not mine.any():
                continue
            parts = _corpus_parts(encoded, pool[split[pool] == name], task.endswith("_to_note"), plan)
            blocks = _blocks(numbers[mine], task, plan.queries)
            requests = (_request(encoded, block, plan, limits.get(task), (process, arguments(block))) for block in blocks)
            yield from run_requests(plan.search, f"{name} {task}", parts, requests)


def candidate_pool(encoded: EncodedItems, task: str, answers: Numbers) -> Numbers:
    """Numbers of the items that may be candidates of a task, ascending: only items of the form of its positives.

    Candidates are what answers the task elsewhere: captions are answered by captions, not by a note's body, and whole
    pictures by whole pictures. A model trained on other candidates learns that long texts and crops are wrong, whatever the
    query (dev/log.md). Where query and target are alike (image to image), every item of the positives' kinds has the form.

    Args:
        encoded: the items; rule-made ones are no candidates.
        task: such as image_to_note.
        answers: numbers of the positives of all its pairs, in any split.
    """
    answers = np.unique(answers[(answers >= 0) & (answers < encoded.searched)])
    query_kind, target_kind = task.split("_to_")
    if query_kind != target_kind:
        return answers
    kinds = encoded.items.column("item").combine_chunks().field("kind").slice(0, encoded.searched)
    return np.flatnonzero(np.asarray(pc.is_in(kinds, value_set=pc.unique(kinds.take(pa.array(answers)))), bool))


def candidate_rows(hits: SearchHits, query_ids: pa.Array, task: str, ids: pa.Array) -> pa.Table:
    """CANDIDATES of a block.

    Args:
        hits: [n, k] numbers of items.
        query_ids: [n].
        task: of all of them.
        ids: [items] item_id.
    """
    filled = hits.rows >= 0
    columns = [
        query_ids.take(pa.array(np.repeat(np.arange(len(query_ids)), filled.sum(axis=1)))),
        pa.array(np.full(int(filled.sum()), task)),
        ids.take(pa.array(hits.rows[filled])),
        pa.array(hits.scores[filled]),
    ]
    return pa.table(columns, names=CANDIDATES.names).cast(CANDIDATES)


def _limits(encoded: EncodedItems, scored: pa.Table, tasks: NDArray[np.str_], plan: SearchPlan) -> dict[str, TaskLimits]:
    """By task the limits of its queries; empty where the plan has no ranks."""
    if plan.ranks is None:
        return {}
    mine = {task: scored.filter(pa.array(tasks == task)) for task in np.unique(tasks).tolist()}
    return {task: task_limits(encoded.numbers(rows.column("query_id")), rows, plan.ranks.margin) for task, rows in mine.items()}


def _request(
    encoded: EncodedItems,
    block: Block,
    plan: SearchPlan,
    limits: TaskLimits | None,
    process: tuple[Callable[..., Any], list[Any]],
) -> SearchRequest:
    """The request of a block. process: what processes its hits, and its further arguments."""
    ids, vectors = encoded.ids().take(pa.array(block.items)), encoded.vectors_of(block.items)
    is_note, (function, more) = block.task.endswith("_to_note"), process
    arguments = [ids, block.task, *more]
    if plan.ranks is None or limits is None:
        return SearchRequest(vectors, plan.depth, is_note, function, arguments)
    window = plan.ranks.window
    bounds = Bounds(limits.of(block.items), *plan.ranks.relations.related_groups(block.items))
    return SearchRequest(vectors, window.last, is_note, function, arguments, bounds, window.first - 1)


def _blocks(queries: Numbers, task: str, size: int) -> Iterator[Block]:
    mine = np.unique(queries)
    for begin in range(0, len(mine), size):
        yield Block(task, mine[begin : begin + size])


def _corpus_parts(encoded: EncodedItems, pool: Numbers, notes: bool, plan: SearchPlan) -> Iterator[CorpusPart]:
    """The corpus of a pool in parts; notes are represented by their elements."""
    if plan.ranks is not None:
        sample = hash_sample(encoded.ids(), pool, plan.ranks.window.pool)
        for own in np.array_split(sample, len(plan.search.actors)):
            rows, names = _vectors_of_pool(encoded, own, notes)
            if len(rows):
                groups = plan.ranks.relations.group_of(names)
                yield CorpusPart(vectors=encoded.vectors.at(rows), names=names, elements=notes, groups=groups)
        return
    rows, names = _vectors_of_pool(encoded, pool, notes)
    centres = None
    if not notes and len(rows) > plan.cells.above:
        centres = train_centres(encoded.vectors.at(rows), plan.cells)
    for part in np.array_split(np.arange(len(rows)), len(plan.search.actors)):
        if len(part):
            yield CorpusPart(vectors=encoded.vectors.at(rows[part]), names=names[part], elements=notes, centres=centres)


def _vectors_of_pool(encoded: EncodedItems, pool: Numbers, notes: bool) -> tuple[Numbers, Numbers]:
    """[m] the rows of a pool's items, or of its notes' elements, that have a vector; [m] the number of each one's item."""
    if notes:
        rows, starts = _elements(encoded, pool)
        return rows, np.repeat(pool, np.diff(starts))
    rows = encoded.rows.items[pool]
    has_vector = encoded.vectors.has_vector[rows]
    return rows[has_vector], pool[has_vector]


def _elements(encoded: EncodedItems, notes: Numbers) -> tuple[Numbers, Numbers]:
    """The rows of some notes' elements that have a vector, and where each note's begin: [m], [notes + 1]."""
    starts, elements = encoded.rows.starts, encoded.rows.elements
    counts = starts[notes + 1] - starts[notes]
    at = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts) + np.repeat(starts[notes], counts)
    rows = elements[at]
    owner = np.repeat(np.arange(len(notes)), counts)
    has_vector = encoded.vectors.has_vector[rows]
    per_note = np.bincount(owner[has_vector], minlength=len(notes))
    return rows[has_vector], np.concatenate([[0], np.cumsum(per_note)]).astype(np.int64)


def _pieces(rows: Numbers) -> Iterator[Numbers]:
    for begin in range(0, len(rows), ROWS_AT_A_TIME):
        yield rows[begin : begin + ROWS_AT_A_TIME]
