"""Pairs -> answers: out of the cache, and the rest by pools of actors."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pipelines.engines.ray.chunk_queue import ChunkWork
from pipelines.flows.judge_relevance.judge_actors import Bench
from pipelines.flows.judge_relevance.settings import JudgeRelevance
from pipelines.flows.judge_relevance.unscored_limit import KILLED, STAGE, limit
from pipelines.judge.judge_chunk import refused
from pipelines.judge.protocol import NOT_ASKED, UNAVAILABLE
from pipelines.judge.score_cache import SAID, Cache, keys
from schemas.errors import DataError


@dataclass(slots=True)
class Budget:
    """Pairs that a run may still ask about; None: all."""

    left: int | None

    def spend(self, pairs: int) -> None:
        """So many were asked."""
        self.left = None if self.left is None else self.left - pairs


@dataclass(frozen=True, slots=True)
class Asking:
    """Whom to ask, and what was said before."""

    bench: Bench
    cache: Cache
    settings: JudgeRelevance
    budget: Budget
    failed: pa.Array = field(default_factory=lambda: pa.array([], pa.string()))
    """`names` of the pairs that an earlier run asked this judge about, and published without a score."""


class Answers(NamedTuple):
    """What was said of some pairs."""

    said: pa.Table
    """SAID, in the order of the pairs."""
    known: int
    """Pairs that were in the cache."""
    asked: int
    """Pairs that the judge was asked about."""


def ask(asking: Asking, rows: pa.Table, worth: NDArray[np.int64] | None = None, answers: pa.Table | None = None) -> Answers:
    """An answer for each pair; what a killed run has finished is not asked again.

    Args:
        asking: whom.
        rows: CHUNK.
        worth: [n] the place of each pair when the budget does not reach for all; None: their order.
        answers: SAID, what the cache knows of them; None: look.

    Raises:
        DataError: too many pairs have no score.
    """
    known = asking.cache.known(rows) if answers is None else answers
    missing = unknown(rows, known)
    able = _affordable(missing, worth, asking.budget.left)
    asking.budget.spend(int(able.sum()))
    said = [SAID.empty_table(), known]
    if able.any():
        said += _worked(asking, rows, able)
    if (missing & ~able).any():
        told = f"budget.max_pairs is {asking.settings.budget.max_pairs}"
        said.append(refused(rows.filter(pa.array(missing & ~able)), NOT_ASKED, told))
    whole = pa.concat_tables(said)
    at = pc.index_in(keys(rows), value_set=keys(whole))
    return Answers(whole.take(at).combine_chunks(), len(known), int(able.sum()))


def names(rows: pa.Table) -> pa.Array:
    """[n] query and candidate as one string."""
    joined = pc.binary_join_element_wise(rows.column("query_id"), rows.column("candidate_id"), "\n")
    return joined.combine_chunks() if isinstance(joined, pa.ChunkedArray) else joined


def failed(judgements: pa.Table, model: str, prompt_hash: str) -> pa.Array:
    """`names` of the pairs of JUDGEMENTS that this judge was asked about in vain, but for a server that was away."""
    ours = pc.and_(pc.equal(judgements["judge"], model), pc.equal(judgements["prompt_hash"], prompt_hash))
    hour = pa.array([NOT_ASKED, UNAVAILABLE])
    own = pc.and_(pc.is_valid(judgements["reason"]), pc.invert(pc.is_in(judgements["reason"], value_set=hour)))
    return names(judgements.filter(pc.and_(ours, own)))


def unknown(rows: pa.Table, known: pa.Table) -> NDArray[np.bool_]:
    """[n] whether each pair is still to be asked."""
    return ~np.asarray(pc.is_in(keys(rows), value_set=keys(known)), bool)


def pieces(rows: pa.Table, wanted: NDArray[np.bool_], size: int) -> Iterator[pa.Table]:
    """The wanted rows in chunks of `size`.

    They are cut where all rows, wanted or not, would be: after a kill the same chunks are left as without it, so the same
    batches, and the same last bits of a score. What is left of chunks that are known in part is put together.
    """
    broken: list[NDArray[np.int64]] = []
    for begin in range(0, len(rows), size):
        mine = begin + np.flatnonzero(wanted[begin : begin + size])
        if len(mine) == min(size, len(rows) - begin):
            yield rows.slice(begin, size)
        elif len(mine):
            broken.append(mine)
    rest = np.concatenate([np.zeros(0, np.int64), *broken])
    for begin in range(0, len(rest), size):
        yield rows.take(pa.array(rest[begin : begin + size]))


def _worked(asking: Asking, rows: pa.Table, wanted: NDArray[np.bool_]) -> list[pa.Table]:
    again = int(np.asarray(pc.is_in(names(rows.filter(pa.array(wanted))), value_set=asking.failed), bool).sum())
    work = ChunkWork(
        stage=STAGE,
        folder=asking.cache.unfinished,
        stamp=asking.bench.name(),
        poison=partial(_lost, reason=KILLED, detail="each time that it was judged, the last time alone"),
        check=limit(int(wanted.sum()), asking.settings.chunks.max_refused_share, again, len(rows)),
    )
    asking.cache.gather()  # the names of this run's chunks must be free: one may hold a reason of an earlier hour
    chunks = list(pieces(rows, wanted, asking.settings.chunks.pairs))
    try:
        return list(asking.bench.worked(chunks, work, fresh=again < wanted.sum()))
    except DataError:
        asking.cache.gather(refusals=False)
        raise


def _lost(rows: pa.Table, reason: str, detail: str) -> pa.Table:
    return refused(rows, reason, detail)


def _affordable(missing: NDArray[np.bool_], worth: NDArray[np.int64] | None, left: int | None) -> NDArray[np.bool_]:
    if left is None or missing.sum() <= left:
        return missing
    at = np.flatnonzero(missing)
    order: Any = np.argsort(worth[at], kind="stable") if worth is not None else np.arange(len(at))
    able = np.zeros(len(missing), bool)
    able[at[order[:left]]] = True
    return able
