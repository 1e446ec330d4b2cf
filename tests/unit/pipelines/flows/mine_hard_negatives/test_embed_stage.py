"""Known and new vectors as one sorted stream."""

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from pipelines.encode.preset import load_spec
from pipelines.flows.mine_hard_negatives.embed_stage import ENCODED_BY, EarlierVectors, encoding_code, merge_sorted
from pipelines.items.rows_to_encode import CHUNK
from pipelines.workspace.arrow_io import write_file
from pipelines.workspace.manifest import Counts, Manifest
from schemas.datasets import EMBEDDINGS

CODE = encoding_code(load_spec("small"))


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
    merged = pa.concat_tables(merge_sorted(*streams))
    assert [(r["model"], r["note_id"], r["item_id"]) for r in merged.to_pylist()] == sorted(one | other)


def known(tmp_path, encoded_by):
    """Vectors of two models, one item each, and what a run for the first knows of them."""
    write_file(table([("mine", "n", "i"), ("other", "n", "i")]), str(tmp_path / "part.parquet"))
    run = Manifest(
        dataset="embeddings", run_id="r", files=[], counts=Counts(rows_in=None, rows_out=2, dropped={}), inputs={}, settings={},
        code="c", seconds=0, published_at="", versions={}, report={ENCODED_BY: encoded_by} if encoded_by else {},
    )  # fmt: skip
    item = {"item_id": "i", "note_id": "n", "kind": "text", "uris": [], "region": None, "text": "x", "pictures": ""}
    wanted = pa.Table.from_pylist([item], CHUNK)
    found = EarlierVectors([str(tmp_path / "part.parquet")], run, "mine", CODE, wanted)
    return found, found.contains(wanted).to_pylist(), [row["model"] for part in found.parts() for row in part.to_pylist()]


def test_a_vector_is_known_under_the_code_that_made_it_alone(tmp_path):
    code = CODE
    assert known(tmp_path, {"mine": code, "other": "old"})[1:] == ([True], ["mine", "other"])
    for made in ({"mine": "old", "other": code}, {"other": code}, {}):
        found, among, kept = known(tmp_path, made)
        assert (among, kept) == ([False], ["other"]), "vectors of other models stay"
        assert found.encoded_by == made | {"mine": code}
