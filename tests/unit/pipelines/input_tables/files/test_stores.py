"""Inputs in object stores are read by the code that reads those on a disk."""

import json

import fsspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from schemas.errors import DataError
from testkit.input_reading import Reading, clicks, note_table
from testkit.loopback_store import loopback_store

CLICKS = "user_id,note_id,clicked_at\nu0,n0,2026-11-20\nu1,n1,2026-11-21\n"


@pytest.fixture(scope="module")
def bucket(tmp_path_factory):
    """An S3 that reads objects and lists none, as where listing is not allowed."""
    folder = tmp_path_factory.mktemp("objects")
    (folder / "bucket/in").mkdir(parents=True)
    pq.write_table(note_table(), folder / "bucket/in/a b#1.parquet")
    (folder / "bucket/in/clicks.csv").write_text(CLICKS)
    with loopback_store(folder) as server, pytest.MonkeyPatch.context() as patch:
        for name, value in server.environment().items():
            if name != "AWS_ENDPOINT_URL":
                patch.setenv(name, value)
        yield "s3a://bucket", f"?endpoint_override={server.endpoint}&scheme=http&region=us-east-1"


def test_objects_are_read_by_their_names_with_the_clients_options(bucket):
    place, options = bucket
    found = Reading(f"{place}/in/a b#1.parquet{options}")
    assert found.column("note_id") == ["n0", "n1", "n2"]
    assert found.table.fingerprint == Reading(f"{place}/in/a b#1.parquet{options}").table.fingerprint
    assert clicks(f"{place}/in/clicks.csv{options}").column("user_id") == ["u0", "u1"]


def test_options_are_in_no_message_about_a_file(bucket):
    place, options = bucket
    with pytest.raises(DataError) as raised:
        Reading(f"{place}/in/clicks.csv{options}")
    assert "endpoint_override" not in str(raised.value).partition("To map columns")[0]


def test_a_folder_of_a_store_with_partitions():
    memory = fsspec.filesystem("memory")
    for k, topic in enumerate(("food", "%E7%BE%8E%E9%A3%9F")):
        rows = [{"note_id": f"n{k}", "images": [], "like_count": k}]
        memory.pipe(f"/reader/notes/topic={topic}/part-{k}.jsonl", json.dumps(rows[0]).encode())
    sink = pa.BufferOutputStream()
    pq.write_table(note_table(), sink)
    memory.pipe("/reader/parquet/a.parquet", sink.getvalue().to_pybytes())
    memory.pipe("/reader/parquet/_SUCCESS", b"")
    try:
        found = Reading("memory://reader/notes")
        assert dict(zip(found.column("note_id"), found.column("topic"), strict=True)) == {"n0": "food", "n1": "美食"}
        assert Reading("memory://reader/parquet").column("note_id") == ["n0", "n1", "n2"]
        assert Reading("memory://reader/*/*.parquet").column("note_id") == ["n0", "n1", "n2"]
        with pytest.raises(DataError, match="no file there"):
            Reading("memory://reader/nowhere")
    finally:
        memory.rm("/reader", recursive=True)


def test_a_store_that_nobody_knows_is_named():
    with pytest.raises(DataError, match="no file system for 'nowhere://'"):
        Reading("nowhere://bucket/a.csv")
