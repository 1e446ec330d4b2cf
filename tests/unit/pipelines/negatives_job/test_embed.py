"""Known and new vectors as one sorted stream."""

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from pipelines.negatives_job.embed import ordered
from schemas.tables import EMBEDDINGS


def table(keys):
    rows = [
        {"model": m, "note_id": n, "item_id": i, "pictures": "", "vector": [1.0], "reason": None, "detail": None}
        for m, n, i in keys
    ]
    return pa.Table.from_pylist(rows, EMBEDDINGS.columns)


KEYS = st.sets(st.tuples(*[st.sampled_from(["a", "ab", "b", "é"])] * 3), max_size=20)


@given(KEYS, KEYS, st.integers(1, 5), st.integers(1, 5))
def test_two_sorted_streams_make_one(one, other, step, other_step):
    other = other - one
    streams = []
    for keys, size in ((one, step), (other, other_step)):
        rows = table(sorted(keys))
        streams.append([rows.slice(k, size) for k in range(0, len(rows), size)])
    merged = pa.concat_tables(ordered(*streams))
    assert [(r["model"], r["note_id"], r["item_id"]) for r in merged.to_pylist()] == sorted(one | other)
