"""The files of shards, from rows that come sorted by shard. No engine: a task of Spark calls it."""

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
from schemas.shards import PICTURES

ROWS_A_GROUP = 1_000
"""Rows of a row group: what a reader holds at a time."""
PICTURES_A_BATCH = 64
"""Pictures of a record batch; a reader that maps the file touches only those that it asks for."""
WRITTEN = pa.schema(
    [("path", pa.string()), ("rows", pa.int64()), ("size_bytes", pa.int64()), ("sha256", pa.string()), ("counts", pa.string())]
)
"""What is told of a file; counts: JSON of what `counts` gives."""
COUNTED = ("task", "granularity", "label_from", "source", "relevant")
"""Columns of SFT and RL whose values are counted."""
WITHOUT = "without candidates"

Counts = Mapping[str, Mapping[str, int]]


def by_shard(batches: Iterable[pa.RecordBatch], schema: pa.Schema) -> Iterator[tuple[int, pa.Table]]:
    """Each shard with its rows, whole, in one chunk.

    Args:
        batches: shard, and the columns of `schema`; sorted by shard.
        schema: the columns that are handed on, in order.
    """
    held: list[pa.RecordBatch] = []
    current = -1
    for batch in batches:
        for shard, part in _runs(batch):
            if held and shard != current:
                yield current, _table(held, schema)
                held = []
            held.append(part)
            current = shard
    if held:
        yield current, _table(held, schema)


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
    """How many rows have each value of COUNTED, how many candidates come from each source, how many rows have none."""
    values = {name: rows.column(name).to_pylist() for name in COUNTED if name in rows.column_names}
    if "candidates" in rows.column_names:
        sizes = rows.column("candidates").combine_chunks().value_lengths().to_pylist()
        sources = pc.struct_field(pc.list_flatten(rows.column("candidates")), "source")
        values |= {"candidates": sources.to_pylist(), "rows": [WITHOUT for size in sizes if not size]}
    return {name: Counter(str(value or "none") for value in found) for name, found in values.items()}


def summed(several: Iterable[Counts]) -> dict[str, dict[str, int]]:
    """The sum of several counts, values in order."""
    out: dict[str, Counter[str]] = {}
    for one in several:
        for name, found in one.items():
            out.setdefault(name, Counter()).update(found)
    return {name: dict(sorted(found.items())) for name, found in sorted(out.items())}


def written(folder: str, path: str, rows: pa.Table | int, content: bytes) -> pa.RecordBatch:
    """Write a file of the dataset's folder at once, and tell of it: WRITTEN."""
    Folder(folder).write(path, content)
    count = rows if isinstance(rows, int) else len(rows)
    found = {} if isinstance(rows, int) else counts(rows)
    told = {"path": path, "rows": count, "size_bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    return pa.RecordBatch.from_pylist([told | {"counts": json.dumps(found)}], WRITTEN)


def _runs(batch: pa.RecordBatch) -> Iterator[tuple[int, pa.RecordBatch]]:
    """The batch in pieces of one shard."""
    shards = np.asarray(batch.column("shard"))
    starts = np.flatnonzero(np.diff(shards, prepend=-1))
    for start, end in zip(starts.tolist(), [*starts[1:].tolist(), len(shards)], strict=True):
        yield int(shards[start]), batch.slice(start, end - start)


def _table(batches: list[pa.RecordBatch], schema: pa.Schema) -> pa.Table:
    return pa.Table.from_batches(batches).select(schema.names).cast(schema).combine_chunks()
