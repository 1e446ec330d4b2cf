"""A picture task keeps the order of its rows, turns refusals into rows, and has one large file in memory at a time."""

import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pytest

from pipelines.media.decode import BadPicture
from pipelines.media.picture_task import picture_task

ROOT = Path(__file__).resolve().parents[4]
SCHEMA = pa.schema([(name, pa.string()) for name in ("image_id", "size", "reason", "detail")])
ROWS = [
    {"uri": None, "image_id": "inline", "content": b"abc"},
    {"uri": "s3://key:secret@bucket/a.jpg", "image_id": "missing", "content": None},
    {"uri": None, "image_id": "nowhere", "content": None},
    {"uri": "b.jpg", "image_id": "stored", "content": None},
    {"uri": "c.jpg", "image_id": "bad", "content": b"bad"},
]


def fetch(uri, claim):
    if uri == "b.jpg":
        claim(4)
        return b"1234"
    raise BadPicture("missing file", "no such file")


def size(row, content):
    if content == b"bad":
        raise BadPicture("not a picture", "3 bytes")
    return {"size": str(len(content))}


def test_each_row_gives_a_row_in_order_and_refusals_have_their_reason():
    batch = pa.RecordBatch.from_pylist(
        ROWS, pa.schema([("uri", pa.string()), ("image_id", pa.string()), ("content", pa.binary())])
    )
    work = picture_task(size, ("image_id",), SCHEMA, fetch, ahead=2)
    parts = list(work([batch, batch.slice(0, 1)]))
    assert [len(part) for part in parts] == [2, 2, 1, 1]
    rows = pa.Table.from_batches(parts).to_pylist()
    assert [row["image_id"] for row in rows] == [*(row["image_id"] for row in ROWS), "inline"]
    assert [row["size"] for row in rows] == ["3", None, None, "4", None, "3"]
    assert [row["reason"] for row in rows] == [None, "missing file", "no picture", None, "not a picture", None]
    assert "secret" not in rows[1]["detail"] and rows[1]["detail"].endswith("bucket/a.jpg: no such file")
    assert rows[2]["detail"].startswith("nowhere: ")


@pytest.mark.slow
@pytest.mark.parametrize("step", ["pipelines.mining.images.fingerprint_step", "pipelines.shards.files.picture_step"])
def test_a_task_has_one_large_file_in_memory_and_not_all_that_it_reads_ahead(tmp_path, step):
    """Twelve sparse files of 199 MB: by their number they would all be in memory together."""
    for n in range(12):
        with (tmp_path / f"{n}.png").open("wb") as file:
            file.truncate(199 << 20)
    done = subprocess.run(
        [sys.executable, "-c", MEMORY, step, str(tmp_path)], capture_output=True, text=True, check=True, cwd=ROOT
    )
    rows, megabytes = map(int, done.stdout.split())
    assert rows == 12
    assert megabytes < 450


MEMORY = """
import hashlib, importlib, resource, sys
from functools import partial
import pyarrow as pa
from pipelines.media.picture_bytes import picture_bytes
from pipelines.media.picture_task import picture_task

step, folder = importlib.import_module(sys.argv[1]), sys.argv[2]
strings = ("uri", "image_id", "sha256")
rows = [{"uri": f"{folder}/{n}.png", "image_id": str(n), "content": None} for n in range(12)]
batch = pa.RecordBatch.from_pylist(rows, pa.schema([("uri", pa.string()), ("image_id", pa.string()), ("content", pa.binary())]))
digest = lambda row, content: {"sha256": hashlib.sha256(content).hexdigest()}
schema = pa.schema([(name, pa.string()) for name in (*strings, "reason", "detail")])
work = picture_task(digest, ("uri", "image_id"), schema, partial(picture_bytes, root=folder), step.AHEAD)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
count = sum(sum(part["sha256"].is_valid().to_pylist()) for part in work([batch]))
print(count, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""
