"""Rows of a table indexed by query, so that a block reads its own rows without scanning all others."""

from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pipelines.negatives.search.candidate_search import Block, EncodedItems

Numbers = NDArray[np.int64]


class RowsByQuery(NamedTuple):
    """A table with a column query_id, and where each query's rows are. Build it with `rows_by_query`."""

    rows: pa.Table
    order: Numbers
    """[n] rows by the number of their query."""
    query: Numbers
    """[n] these numbers, ascending."""

    def of(self, block: Block, every_task: bool = False) -> pa.Table:
        """The rows of a block's queries and task, in the order of the table. Cost: the block's rows."""
        begin, end = (np.searchsorted(self.query, block.items, side=side) for side in ("left", "right"))
        length = end - begin
        at = np.repeat(begin - (np.cumsum(length) - length), length) + np.arange(int(length.sum()))
        mine = self.rows.take(pa.array(np.sort(self.order[at])))
        return mine if every_task else mine.filter(pc.equal(mine.column("task"), block.task))


def rows_by_query(encoded: EncodedItems, rows: pa.Table) -> RowsByQuery:
    """Index rows whose queries are items of `encoded`. Cost: O(n log n)."""
    query = encoded.numbers(rows.column("query_id"))
    order = np.argsort(query, kind="stable")
    return RowsByQuery(rows, order, query[order])
