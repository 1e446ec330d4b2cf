"""Keys of many pictures, cut by key into blocks: they travel in few large rows, not in a row each. No engine.

A bucket is a share of all keys. Each batch of pictures gives one block for each bucket, and the
blocks of a bucket hold every picture that is found under one of its keys or asks for it.
"""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Ints = npt.NDArray[np.int64]

SPREAD = np.uint64(0x9E3779B97F4A7C15)
"""2**64 over the golden ratio: its product's high bits depend on all low bits of a key, onto which the high ones are folded. Source: Knuth, TAOCP 3, section 6.4."""
BLOCK = pa.schema(
    [
        pa.field("bucket", pa.int32()),
        *[pa.field(name, pa.binary()) for name in ("found_key", "found_picture", "near", "asked_key", "asking_picture")],
    ]
)
"""A block: which share of the keys, and its columns end to end as native 64-bit integers."""


class Found(NamedTuple):
    """[n] pictures that are found under a key."""

    key: Ints
    picture: Ints
    near: Ints
    """In the order of these the pictures of one key that are alike stand together."""


class Asking(NamedTuple):
    """[n] pictures that ask for a key."""

    key: Ints
    picture: Ints


def blocks(found: Found, asking: Asking, buckets: int) -> pa.RecordBatch:
    """BLOCK rows, one for each bucket that has a key. Cost: O(n) rows in, at most `buckets` out."""
    here, there = _by_bucket(found.key, buckets), _by_bucket(asking.key, buckets)
    used = np.union1d(here.used, there.used)
    columns = [here.cut(column, used) for column in found] + [there.cut(column, used) for column in asking]
    return pa.RecordBatch.from_arrays(
        [pa.array(used.astype(np.int32)), *[pa.array(column, pa.binary()) for column in columns]], schema=BLOCK
    )


def joined(batches: Iterable[pa.RecordBatch]) -> tuple[Found, Asking]:
    """What the blocks of a bucket hold together."""
    names = BLOCK.names[1:]
    pieces: dict[str, list[bytes]] = {name: [] for name in names}
    for batch in batches:
        for name in names:
            pieces[name] += batch.column(name).to_pylist()
    columns = [np.frombuffer(b"".join(pieces.pop(name)), np.int64) for name in names]
    return Found(*columns[:3]), Asking(*columns[3:])


class _Cut(NamedTuple):
    """Rows in the order of their buckets."""

    order: Ints
    used: Ints
    """The buckets that have rows, rising."""
    start: Ints
    """Where each one's rows begin, and the end of the last."""

    def cut(self, column: Ints, wanted: Ints) -> list[bytes]:
        """The bytes of `column` for each wanted bucket."""
        rows, ends = column[self.order], dict(zip(self.used.tolist(), range(len(self.used)), strict=True))
        found = (ends.get(bucket) for bucket in wanted.tolist())
        return [b"" if k is None else rows[self.start[k] : self.start[k + 1]].tobytes() for k in found]


def _by_bucket(key: Ints, buckets: int) -> _Cut:
    word = key.astype(np.uint64)
    bucket = (((word ^ word >> np.uint64(32)) * SPREAD) >> np.uint64(33)).astype(np.int64) % buckets
    order = np.argsort(bucket, kind="stable")
    used, start = np.unique(bucket[order], return_index=True)
    return _Cut(order, used, np.r_[start, len(key)])
