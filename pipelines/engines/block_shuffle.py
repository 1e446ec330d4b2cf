"""Blocks through Spark: what one step made of its rows, brought together by bucket for the next."""

from collections.abc import Callable, Iterable, Iterator

import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql.pandas.types import from_arrow_schema

from pipelines.engines.column_blocks import block_schema

Work = Callable[[Iterable[pa.RecordBatch]], Iterator[pa.RecordBatch]]
"""Of a whole partition."""


def in_blocks(rows: DataFrame, cut: Work, names: Iterable[str], buckets: int) -> DataFrame:
    """What `cut` makes of the rows, a partition for each bucket.

    Args:
        rows: of any table that `cut` takes.
        cut: gives batches of `block_schema(names)` for so many buckets.
        names: the columns of the blocks.
        buckets: a share of all keys each.

    Cost: one shuffle of at most partitions x buckets rows for each batch that `cut` gives.
    """
    return rows.mapInArrow(cut, from_arrow_schema(block_schema(names))).repartitionById(buckets, "bucket")
