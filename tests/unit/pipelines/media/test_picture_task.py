"""A picture task keeps the order of its rows and turns refusals into rows."""

import pyarrow as pa

from pipelines.media.decode import BadPicture
from pipelines.media.picture_task import picture_task

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
