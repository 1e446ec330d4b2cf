"""Keys that are cut into blocks and put together again are the same keys, and a key is in one bucket only."""

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from pipelines.images.blocks import BLOCK, Asking, Found, blocks, joined

WORD = st.integers(-(2**63), 2**63 - 1)
BATCHES = st.lists(st.tuples(st.lists(st.tuples(WORD, WORD, WORD)), st.lists(st.tuples(WORD, WORD))), max_size=4)


def columns(rows, width):
    return [np.array([row[k] for row in rows], np.int64) for k in range(width)]


@given(BATCHES, st.integers(1, 9))
def test_nothing_is_lost_and_equal_keys_stay_together(batches, buckets):
    cut = [blocks(Found(*columns(found, 3)), Asking(*columns(asking, 2)), buckets) for found, asking in batches]
    rows = pa.Table.from_batches(cut, schema=BLOCK)
    assert set(rows["bucket"].to_pylist()) <= set(range(buckets))
    seen, found_again, asking_again = set(), [], []
    for bucket in set(rows["bucket"].to_pylist()):
        found, asking = joined(rows.filter(pa.compute.equal(rows["bucket"], bucket)).to_batches())
        keys = set(found.key.tolist()) | set(asking.key.tolist())
        assert not keys & seen
        seen |= keys
        found_again += zip(*(column.tolist() for column in found), strict=True)
        asking_again += zip(*(column.tolist() for column in asking), strict=True)
    assert sorted(found_again) == sorted(row for found, _ in batches for row in found)
    assert sorted(asking_again) == sorted(row for _, asking in batches for row in asking)


def test_a_bucket_without_blocks_is_empty():
    found, asking = joined([])
    assert len(found.key) == len(asking.key) == 0


def test_keys_of_every_kind_are_spread_evenly():
    keys = np.concatenate([np.arange(20_000) << shift for shift in (0, 13, 40)]).astype(np.int64)
    cut = blocks(Found(keys, keys, keys), Asking(keys[:0], keys[:0]), 8)
    sizes = [len(part) // 8 for part in cut.column("found_key").to_pylist()]
    assert len(sizes) == 8
    assert max(sizes) < 1.2 * len(keys) / 8
