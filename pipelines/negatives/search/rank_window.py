"""Which candidates a search below the positives' score finds: a window of ranks, in a sample of fixed size."""

from dataclasses import dataclass
from typing import Annotated, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pydantic import Field

from pipelines.negatives import query_positives
from pipelines.negatives.filters.mined_relations import MinedRelations
from pipelines.negatives.filters.score_margins import Margin, exclusive_limits, positive_scores
from schemas.errors import SettingsError

Numbers = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class RankWindow:
    """Settings of the search below the positive's score, which a margin relative to the positive asks for."""

    first: Annotated[int, Field(ge=1)] = 6
    """Best rank below the limit of guard.margin, among what mining does not relate to the query. Ours: the nearest five are
    often answers that nobody marked."""
    last: Annotated[int, Field(ge=1)] = 50
    """Worst rank."""
    pool: Annotated[int, Field(ge=1)] = 20_000
    """Items of a task and split among which ranks are counted, at most: a sample by hash. So a rank is as hard in a corpus of
    any size."""

    def __post_init__(self) -> None:
        """Refuse an empty window."""
        if self.first > self.last:
            raise SettingsError(f"ranks: first {self.first} is above last {self.last}; expected first <= last")


class RankedSearch(NamedTuple):
    """A window, the margin below which its ranks are counted, and the relations that no rank is given to."""

    window: RankWindow
    margin: Margin
    relations: MinedRelations


class TaskLimits(NamedTuple):
    """Limits of a task's queries."""

    queries: Numbers
    """[n] numbers of items, ascending."""
    limits: NDArray[np.float64]
    """[n]; a candidate must score less."""

    def of(self, queries: Numbers) -> NDArray[np.float64]:
        """The limits of some of them."""
        return self.limits[np.searchsorted(self.queries, queries)]


def task_limits(queries: Numbers, scored: pa.Table, margin: Margin) -> TaskLimits:
    """The limit of each query of a task.

    Args:
        queries: [rows] the number of each row's query.
        scored: SCORED_POSITIVES of one task.
        margin: the rule.
    """
    unique, owner = np.unique(queries, return_inverse=True)
    use = np.asarray(query_positives.counts_for_margin(scored), bool)
    similarity = np.asarray(scored.column("similarity").to_numpy(), np.float64)
    positives, _ = positive_scores(similarity[use], owner[use], len(unique), margin)
    return TaskLimits(unique, exclusive_limits(positives, margin))


def hash_sample(ids: pa.Array, pool: Numbers, size: int) -> Numbers:
    """At most `size` numbers of a pool, ascending: those of the smallest ids, which are hashes of the items' content.

    Args:
        ids: [items] item_id.
        pool: numbers of items.
        size: of the sample.
    """
    if len(pool) <= size:
        return pool
    return np.sort(pool[np.asarray(pc.sort_indices(ids.take(pa.array(pool))), np.int64)[:size]])
