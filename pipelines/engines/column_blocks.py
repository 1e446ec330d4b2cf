"""Packs columns of many small rows into large binary blocks for the shuffle: a billion rows become a few. No engine.

A bucket is a share of all keys. Each batch yields one block for each bucket, and the blocks of a
bucket hold every row whose key belongs to it.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Ints = npt.NDArray[np.int64]

SPREAD = np.uint64(0x9E3779B97F4A7C15)
"""2**64 over the golden ratio (Fibonacci hashing): the product's high bits depend on all low bits of a key, with which its high
bits are combined first.
Source: Knuth, TAOCP 3, section 6.4."""


class Part(NamedTuple):
    """Rows of one kind."""

    key: Ints
    """[n] rows with equal keys go into one bucket."""
    columns: Mapping[str, Ints]
    """[n] each, by name."""


def block_schema(names: Iterable[str]) -> pa.Schema:
    """Schema of a block: its bucket, and its columns as native 64-bit integers end to end."""
    return pa.schema([pa.field("bucket", pa.int32()), *[pa.field(name, pa.binary()) for name in names]])


def blocks(parts: Sequence[Part], buckets: int) -> pa.RecordBatch:
    """Pack rows: a row of `block_schema` for each bucket that has rows. Cost: O(n log n)."""
    cuts = [_by_bucket(part.key, buckets) for part in parts]
    used = np.unique(np.concatenate([cut.used for cut in cuts]))
    columns = {
        name: pa.array(cut.pieces(column, used), pa.binary())
        for part, cut in zip(parts, cuts, strict=True)
        for name, column in part.columns.items()
    }
    return pa.RecordBatch.from_arrays([pa.array(used.astype(np.int32)), *columns.values()], schema=block_schema(columns))


def joined(batches: Iterable[pa.RecordBatch], names: Sequence[str]) -> list[Ints]:
    """Unpack the columns `names` of all blocks of a bucket."""
    pieces: dict[str, list[bytes]] = {name: [] for name in names}
    for batch in batches:
        for name in names:
            pieces[name] += batch.column(name).to_pylist()
    return [np.frombuffer(b"".join(pieces.pop(name)), np.int64) for name in names]


def starts(*columns: Ints) -> Ints:
    """Indices of the rows that differ from the row before.

    >>> starts(np.array([3, 3, 3, 4]), np.array([1, 1, 2, 2]))
    array([0, 2, 3])
    """
    if not len(columns[0]):
        return np.zeros(0, np.int64)
    return np.flatnonzero(np.r_[True, np.any([column[1:] != column[:-1] for column in columns], axis=0)])


def places(*columns: Ints) -> Ints:
    """Position of each row among the equal rows of its run: 0, 1, ...; equal rows must be adjacent.

    >>> places(np.array([3, 3, 3, 4]))
    array([0, 1, 2, 0])
    """
    begin = starts(*columns)
    return np.arange(len(columns[0])) - np.repeat(begin, np.diff(np.r_[begin, len(columns[0])]))


class _Cut(NamedTuple):
    """Rows sorted by bucket."""

    order: Ints
    used: Ints
    """The buckets that have rows, ascending."""
    start: Ints
    """Index of each one's first row, and the end of the last."""

    def pieces(self, column: Ints, buckets: Ints) -> list[bytes]:
        """The bytes of `column` for each of `buckets`."""
        rows, at = column[self.order], dict(zip(self.used.tolist(), range(len(self.used)), strict=True))
        positions = (at.get(bucket) for bucket in buckets.tolist())
        return [b"" if k is None else rows[self.start[k] : self.start[k + 1]].tobytes() for k in positions]


def _by_bucket(key: Ints, buckets: int) -> _Cut:
    word = key.astype(np.uint64)
    bucket = (((word ^ word >> np.uint64(32)) * SPREAD) >> np.uint64(33)).astype(np.int64) % buckets
    order = np.argsort(bucket, kind="stable")
    used, start = np.unique(bucket[order], return_index=True)
    return _Cut(order, used, np.r_[start, len(key)])
