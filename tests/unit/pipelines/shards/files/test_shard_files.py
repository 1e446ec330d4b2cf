import hashlib
import json
from itertools import pairwise

import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import given
from hypothesis import strategies as st

from pipelines.shards.files.shard_files import by_shard, counts, pictures_file, rows_file, sum_counts, write_file
from schemas.shards import PICTURES

ROWS = pa.schema([("position", pa.int64()), ("task", pa.string())])


def batches(shards, cuts, schema=ROWS):
    table = pa.table(
        {
            "shard": pa.array(shards, pa.int32()),
            "position": pa.array(range(len(shards)), pa.int64()),
            "task": [f"t{k % 3}" for k in range(len(shards))],
        }
    )
    edges = [0, *sorted(cut % (len(shards) + 1) for cut in cuts), len(shards)]
    return [b for start, end in pairwise(edges) for b in table.slice(start, end - start).to_batches()]


@given(
    st.lists(st.integers(0, 4), max_size=30).map(sorted),
    st.lists(st.integers(0, 40), max_size=6),
    st.lists(st.integers(0, 40), max_size=6),
)
def test_a_shard_is_whole_and_has_the_same_bytes_however_it_came(shards, cuts, others):
    shard_rows = list(by_shard(batches(shards, cuts), ROWS))
    assert [shard for shard, _ in shard_rows] == sorted(set(shards))
    for shard, rows in shard_rows:
        assert rows.column("position").to_pylist() == [k for k, s in enumerate(shards) if s == shard]
    again = list(by_shard(batches(shards, others), ROWS))
    assert [rows_file(rows) for _, rows in shard_rows] == [rows_file(rows) for _, rows in again]


def test_pictures_in_batches_have_the_same_bytes_and_are_read_back():
    rows = pa.table({"image_id": [f"i{k:04}" for k in range(150)], "content": [bytes([k % 256]) * k for k in range(150)]}).cast(
        PICTURES
    )
    once = pictures_file(rows)
    assert once == pictures_file(pa.concat_tables([rows.slice(0, 3), rows.slice(3)]).combine_chunks())
    read = pa.ipc.open_file(pa.BufferReader(once))
    assert read.num_record_batches == 3
    assert read.read_all().equals(rows)


def test_a_file_is_told_as_it_lies_there(tmp_path):
    rows = pa.table({"position": [0, 1], "task": ["a", None]}).cast(ROWS)
    [record] = write_file(str(tmp_path), "runs/x/00000.parquet", rows, rows_file(rows)).to_pylist()
    content = (tmp_path / record["path"]).read_bytes()
    assert (record["rows"], record["size_bytes"], record["sha256"]) == (2, len(content), hashlib.sha256(content).hexdigest())
    assert json.loads(record["counts"]) == {"task": {"a": 1, "none": 1}}
    assert pq.read_table(tmp_path / record["path"]).equals(rows)


def test_counts_of_candidates_and_rows_without():
    source = pa.list_(pa.struct([("source", pa.string())]))
    rows = pa.table({"candidates": pa.array([[{"source": "band"}, {"source": "rule"}], [], [{"source": "band"}]], source)})
    record = counts(rows)
    assert sum_counts([record, record]) == {"candidates": {"band": 4, "rule": 2}, "rows": {"without candidates": 2}}
