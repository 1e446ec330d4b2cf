"""Pairs -> answers: from the cache, and the rest from the judge's actors."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pipelines.engines.ray.chunk_queue import ChunkWork
from pipelines.flows.judge_relevance.judge_actors import JudgePool
from pipelines.flows.judge_relevance.settings import JudgeRelevance
from pipelines.flows.judge_relevance.unscored_limit import KILLED, STAGE, UnscoredLimit
from pipelines.judge.judge_chunk import without_score
from pipelines.judge.protocol import NOT_ASKED, UNAVAILABLE
from pipelines.judge.score_cache import ANSWERS, ScoreCache, keys
from schemas.errors import DataError


@dataclass(slots=True)
class PairBudget:
    """Pairs that a run may still send to the judge; None: all."""

    left: int | None

    def spend(self, pairs: int) -> None:
        """Subtract pairs that are sent."""
        self.left = None if self.left is None else self.left - pairs


@dataclass(frozen=True, slots=True)
class JudgeRun:
    """The judge of a run, its cache and its budget."""

    judge: JudgePool
    cache: ScoreCache
    settings: JudgeRelevance
    budget: PairBudget
    failed: pa.Array = field(default_factory=lambda: pa.array([], pa.string()))
    """`pair_keys` of the pairs that an earlier run has sent to this judge and published without a score."""


class PairScores(NamedTuple):
    """The answers for some pairs."""

    answers: pa.Table
    """ANSWERS, in the order of the pairs."""
    cached: int
    """Pairs that were in the cache."""
    calls: int
    """Pairs that were sent to the judge."""


def score_pairs(
    run: JudgeRun, rows: pa.Table, priority: NDArray[np.int64] | None = None, cached: pa.Table | None = None
) -> PairScores:
    """One answer per pair; finished chunks of a killed run are not judged again.

    Args:
        run: the judge, its cache and budget.
        rows: CHUNK.
        priority: [n] the rank of each pair if the budget is too small for all; None: their order.
        cached: ANSWERS of the pairs that are in the cache; None: look them up.

    Raises:
        DataError: too many pairs have no score.
    """
    cached = run.cache.lookup(rows) if cached is None else cached
    missing = not_cached(rows, cached)
    affordable = _affordable(missing, priority, run.budget.left)
    run.budget.spend(int(affordable.sum()))
    parts = [ANSWERS.empty_table(), cached]
    if affordable.any():
        parts += _judge(run, rows, affordable)
    if (missing & ~affordable).any():
        detail = f"budget.max_pairs is {run.settings.budget.max_pairs}"
        parts.append(without_score(rows.filter(pa.array(missing & ~affordable)), NOT_ASKED, detail))
    answers = pa.concat_tables(parts)
    at = pc.index_in(keys(rows), value_set=keys(answers))
    return PairScores(answers.take(at).combine_chunks(), len(cached), int(affordable.sum()))


def pair_keys(rows: pa.Table) -> pa.Array:
    """[n] query and candidate as one string."""
    joined = pc.binary_join_element_wise(rows.column("query_id"), rows.column("candidate_id"), "\n")
    return joined.combine_chunks() if isinstance(joined, pa.ChunkedArray) else joined


def failed_pairs(judgements: pa.Table, model: str, prompt_hash: str) -> pa.Array:
    """`pair_keys` of the JUDGEMENTS of this judge without a score, unless the server was unavailable."""
    ours = pc.and_(pc.equal(judgements["judge"], model), pc.equal(judgements["prompt_hash"], prompt_hash))
    transient = pa.array([NOT_ASKED, UNAVAILABLE])
    failed = pc.and_(pc.is_valid(judgements["reason"]), pc.invert(pc.is_in(judgements["reason"], value_set=transient)))
    return pair_keys(judgements.filter(pc.and_(ours, failed)))


def not_cached(rows: pa.Table, cached: pa.Table) -> NDArray[np.bool_]:
    """[n] whether each pair is still to be judged."""
    return ~np.asarray(pc.is_in(keys(rows), value_set=keys(cached)), bool)


def chunks(rows: pa.Table, selected: NDArray[np.bool_], size: int) -> Iterator[pa.Table]:
    """The selected rows in chunks of `size`.

    They are cut where all rows, selected or not, would be cut: after a kill the remaining chunks are the same as without it,
    and so are the batches and the last bits of a score. The rest of partly cached chunks is put together.
    """
    partial_chunks: list[NDArray[np.int64]] = []
    for begin in range(0, len(rows), size):
        in_chunk = begin + np.flatnonzero(selected[begin : begin + size])
        if len(in_chunk) == min(size, len(rows) - begin):
            yield rows.slice(begin, size)
        elif len(in_chunk):
            partial_chunks.append(in_chunk)
    rest = np.concatenate([np.zeros(0, np.int64), *partial_chunks])
    for begin in range(0, len(rest), size):
        yield rows.take(pa.array(rest[begin : begin + size]))


def _judge(run: JudgeRun, rows: pa.Table, selected: NDArray[np.bool_]) -> list[pa.Table]:
    calls = int(selected.sum())
    failed_before = int(np.asarray(pc.is_in(pair_keys(rows.filter(pa.array(selected))), value_set=run.failed), bool).sum())
    work = ChunkWork(
        stage=STAGE,
        folder=run.cache.unfinished,
        stamp=run.judge.name(),
        poison=partial(without_score, reason=KILLED, detail="in every attempt; the last attempt had this pair alone"),
        check=UnscoredLimit(calls, run.settings.chunks.max_refused_share, failed_before, len(rows)),
    )
    run.cache.merge()  # the names of this run's chunks must be free: an old chunk may hold transient reasons
    pair_chunks = list(chunks(rows, selected, run.settings.chunks.pairs))
    try:
        return list(run.judge.judge_chunks(pair_chunks, work, fresh=failed_before < calls))
    except DataError:
        run.cache.merge(refusals=False)
        raise


def _affordable(missing: NDArray[np.bool_], priority: NDArray[np.int64] | None, left: int | None) -> NDArray[np.bool_]:
    if left is None or missing.sum() <= left:
        return missing
    at = np.flatnonzero(missing)
    order: Any = np.argsort(priority[at], kind="stable") if priority is not None else np.arange(len(at))
    affordable = np.zeros(len(missing), bool)
    affordable[at[order[:left]]] = True
    return affordable
