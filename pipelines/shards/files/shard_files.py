"""Write the files of shards from rows that are sorted by shard. No engine: a Spark task calls it."""

import hashlib
import io
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipelines.workspace.filesystem import Folder
from schemas.labels import POSITIVE_NOT_LARGEST, positive_not_largest
from schemas.shards import PICTURES

ROWS_A_GROUP = 1_000
"""Rows of a row group, which a reader has in memory at a time."""
PICTURES_A_BATCH = 64
"""Pictures of a record batch; a reader that maps the file reads only those that it accesses."""
FILE_RECORD = pa.schema(
    [("path", pa.string()), ("rows", pa.int64()), ("size_bytes", pa.int64()), ("sha256", pa.string()), ("counts", pa.string())]
)
"""What a task reports of a file; counts: the result of `counts` as JSON."""
COUNTED_COLUMNS = ("task", "granularity", "label_from", "source", "relevant")
"""Columns of SFT and RL whose values are counted."""
WITHOUT = "without candidates"

Counts = Mapping[str, Mapping[str, int]]


def by_shard(batches: Iterable[pa.RecordBatch], schema: pa.Schema) -> Iterator[tuple[int, pa.Table]]:
    """Group rows by shard: each shard with all its rows as one chunk.

    Args:
        batches: shard, and the columns of `schema`; sorted by shard.
        schema: the columns to keep, in order.
    """
    parts: list[pa.RecordBatch] = []
    current = -1
    for batch in batches:
        for shard, part in _runs(batch):
            if parts and shard != current:
                yield current, _table(parts, schema)
                parts = []
            parts.append(part)
            current = shard
    if parts:
        yield current, _table(parts, schema)


def rows_file(rows: pa.Table) -> bytes:
    """Rows as Parquet: equal rows give equal bytes."""
    sink = io.BytesIO()
    pq.write_table(rows, sink, compression="zstd", row_group_size=ROWS_A_GROUP)
    return sink.getvalue()


def pictures_file(rows: pa.Table) -> bytes:
    """PICTURES as an Arrow IPC file: equal rows give equal bytes."""
    sink = io.BytesIO()
    with pa.ipc.new_file(sink, PICTURES) as writer:
        writer.write_table(rows, max_chunksize=PICTURES_A_BATCH)
    return sink.getvalue()


def counts(rows: pa.Table) -> Counts:
    """Rows per value of COUNTED_COLUMNS, candidates per source, and rows without candidates."""
    values = {name: rows.column(name).to_pylist() for name in COUNTED_COLUMNS if name in rows.column_names}
    if "candidates" in rows.column_names:
        sizes = rows.column("candidates").combine_chunks().value_lengths().to_pylist()
        sources = pc.struct_field(pc.list_flatten(rows.column("candidates")), "source")
        values |= {"candidates": sources.to_pylist(), "rows": [WITHOUT for size in sizes if not size]}
    if "label_from" in rows.column_names:
        values["rows"] += [POSITIVE_NOT_LARGEST] * positive_not_largest(rows)
    return {name: Counter(str(value or "none") for value in column) for name, column in values.items()}


def sum_counts(several: Iterable[Counts]) -> dict[str, dict[str, int]]:
    """The sum of several counts, sorted by value."""
    totals: dict[str, Counter[str]] = {}
    for one in several:
        for name, by_value in one.items():
            totals.setdefault(name, Counter()).update(by_value)
    return {name: dict(sorted(by_value.items())) for name, by_value in sorted(totals.items())}


def write_file(folder: str, path: str, rows: pa.Table | int, content: bytes) -> pa.RecordBatch:
    """Write a file of the dataset's folder in one call and return its FILE_RECORD."""
    Folder(folder).write(path, content)
    count = rows if isinstance(rows, int) else len(rows)
    by_column = {} if isinstance(rows, int) else counts(rows)
    record = {"path": path, "rows": count, "size_bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    return pa.RecordBatch.from_pylist([record | {"counts": json.dumps(by_column)}], FILE_RECORD)


def _runs(batch: pa.RecordBatch) -> Iterator[tuple[int, pa.RecordBatch]]:
    """Split a batch by shard."""
    shards = np.asarray(batch.column("shard"))
    starts = np.flatnonzero(np.diff(shards, prepend=-1))
    for start, end in zip(starts.tolist(), [*starts[1:].tolist(), len(shards)], strict=True):
        yield int(shards[start]), batch.slice(start, end - start)


def _table(batches: list[pa.RecordBatch], schema: pa.Schema) -> pa.Table:
    return pa.Table.from_batches(batches).select(schema.names).cast(schema).combine_chunks()
