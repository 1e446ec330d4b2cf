"""Rows of a table by their queries, so that a block takes its own without a look at all others."""

from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pipelines.negatives.search.candidate_search import Block, World

Numbers = NDArray[np.int64]


class ByQuery(NamedTuple):
    """A table with a column query_id, and where each query's rows are. Build it with `by_query`."""

    rows: pa.Table
    order: Numbers
    """[n] rows by the number of their query."""
    query: Numbers
    """[n] these numbers, rising."""

    def of(self, block: Block, every_task: bool = False) -> pa.Table:
        """The rows of a block's queries and task, in the order of the table. Cost: the block's rows."""
        begin, end = (np.searchsorted(self.query, block.items, side=side) for side in ("left", "right"))
        length = end - begin
        at = np.repeat(begin - (np.cumsum(length) - length), length) + np.arange(int(length.sum()))
        mine = self.rows.take(pa.array(np.sort(self.order[at])))
        return mine if every_task else mine.filter(pc.equal(mine.column("task"), block.task))


def by_query(world: World, rows: pa.Table) -> ByQuery:
    """Of rows whose queries are items of the world. Cost: O(n log n)."""
    query = world.numbers(rows.column("query_id"))
    order = np.argsort(query, kind="stable")
    return ByQuery(rows, order, query[order])
