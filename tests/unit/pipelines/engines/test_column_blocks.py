"""Keys that are cut into blocks and put together again are the same keys, and a key is in one bucket only."""

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from pipelines.engines.column_blocks import Part, block_schema, blocks, joined

WORD = st.integers(-(2**63), 2**63 - 1)
BATCHES = st.lists(st.tuples(st.lists(st.tuples(WORD, WORD, WORD)), st.lists(st.tuples(WORD, WORD))), max_size=4)


FOUND, ASKING = ("found", "picture", "near"), ("asked", "asking")


def part(rows, names):
    columns = {name: np.array([row[k] for row in rows], np.int64) for k, name in enumerate(names)}
    return Part(columns[names[0]], columns)


@given(BATCHES, st.integers(1, 9))
def test_nothing_is_lost_and_equal_keys_stay_together(batches, buckets):
    cut = [blocks([part(found, FOUND), part(asking, ASKING)], buckets) for found, asking in batches]
    rows = pa.Table.from_batches(cut, schema=block_schema([*FOUND, *ASKING]))
    assert set(rows["bucket"].to_pylist()) <= set(range(buckets))
    seen, found_again, asking_again = set(), [], []
    for bucket in set(rows["bucket"].to_pylist()):
        of_bucket = rows.filter(pa.compute.equal(rows["bucket"], bucket)).to_batches()
        columns = [column.tolist() for column in joined(of_bucket, [*FOUND, *ASKING])]
        keys = {*columns[0], *columns[3]}
        assert not keys & seen
        seen |= keys
        found_again += zip(*columns[:3], strict=True)
        asking_again += zip(*columns[3:], strict=True)
    assert sorted(found_again) == sorted(row for found, _ in batches for row in found)
    assert sorted(asking_again) == sorted(row for _, asking in batches for row in asking)


def test_a_bucket_without_blocks_is_empty():
    assert [len(column) for column in joined([], FOUND)] == [0, 0, 0]


def test_keys_of_every_kind_are_spread_evenly():
    keys = np.concatenate([np.arange(20_000) << shift for shift in (0, 13, 40)]).astype(np.int64)
    cut = blocks([Part(keys, {"key": keys})], 8)
    sizes = [len(piece) // 8 for piece in cut.column("key").to_pylist()]
    assert len(sizes) == 8
    assert max(sizes) < 1.2 * len(keys) / 8
