"""Block shuffle: packs small rows into large binary blocks and shuffles them by bucket through Spark."""

from collections.abc import Callable, Iterable, Iterator

import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql.pandas.types import from_arrow_schema

from pipelines.engines.column_blocks import block_schema

Work = Callable[[Iterable[pa.RecordBatch]], Iterator[pa.RecordBatch]]
"""Turns the batches of a partition into blocks."""


def in_blocks(rows: DataFrame, cut: Work, names: Iterable[str], buckets: int) -> DataFrame:
    """The blocks that `cut` makes of the rows, one partition for each bucket.

    Args:
        rows: of any table that `cut` accepts.
        cut: yields batches of `block_schema(names)` for `buckets` buckets.
        names: columns of the blocks.
        buckets: number of buckets; each holds a share of all keys.

    Cost: one shuffle of at most partitions x buckets rows for each batch that `cut` yields.
    """
    return rows.mapInArrow(cut, from_arrow_schema(block_schema(names))).repartitionById(buckets, "bucket")
