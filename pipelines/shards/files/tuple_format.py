"""Training rows in the format of sentence-transformers' trainer: anchor, positive, negative_1 to negative_n. No engine.

A file has rows of one task, so that a column has items of one kind: a text is a string, a picture or crop an image, a note
`{"text": ..., "image": [...]}`. Images are JPEG in the row, as `datasets` stores them; its features are in the schema.
"""

import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import cv2
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import Field

FILE_BYTES = 128 << 20
"""A file is closed at this size, which is the memory that a task needs for it."""
ROWS_A_GROUP = 32
"""Rows of a row group, which a reader decodes at a time; a row has all of its pictures."""
QUALITY = 95
"""JPEG quality of a crop that is cut out of its picture."""

IMAGE = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
COLUMNS: Mapping[str, tuple[pa.DataType, Any]] = {
    "image": (IMAGE, {"_type": "Image"}),
    "text": (pa.string(), {"dtype": "string", "_type": "Value"}),
    "ocr": (pa.string(), {"dtype": "string", "_type": "Value"}),
    "note": (
        pa.struct([("text", pa.string()), ("image", pa.list_(IMAGE))]),
        {
            "text": {"dtype": "string", "_type": "Value"},
            "image": {"feature": {"_type": "Image"}, "_type": "List"},
        },
    ),
}
"""For each kind of item in a task's name: the type of its column, and its feature in `datasets`."""

Item = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tuples:
    """Settings of `--format sentence-transformers`."""

    negatives: Annotated[int, Field(ge=0, le=1000)] = 4
    """Negatives per row, the first by rank; a row with fewer is left out, so that all rows have the same columns."""


def tuple_files(rows: Iterable[pa.RecordBatch], pictures: pa.Table, negatives: int) -> Iterator[tuple[str, int, bytes]]:
    """Convert the rows of a shard to Parquet files: name (`image_to_note/000`), number of rows, content.

    Args:
        rows: SFT.
        pictures: PICTURES of the shard.
        negatives: per row; rows with fewer are left out.

    Cost: FILE_BYTES of memory for each task of the shard.
    """
    jpeg = dict(zip(pictures.column("image_id").to_pylist(), range(len(pictures)), strict=True))
    contents = pictures.column("content")
    open_: dict[str, _TupleFile] = {}
    for batch in rows:
        for row in batch.to_pylist():
            if len(row["candidates"]) < negatives:
                continue
            task = row["task"]
            file = open_.setdefault(task, _TupleFile(task, 0, negatives))
            items = [row["query"], row["positive"]["item"], *(c["item"] for c in row["candidates"][:negatives])]
            file.add([_cell(item, lambda i: contents[jpeg[i]].as_py()) for item in items])
            if file.size() >= FILE_BYTES:
                yield file.closed()
                open_[task] = _TupleFile(task, file.number + 1, negatives)
    for _, file in sorted(open_.items()):
        if file.rows:
            yield file.closed()


def schema_of(task: str, negatives: int) -> pa.Schema:
    """The columns of a task's tuples, with the features of `datasets`."""
    query, target = task.split("_to_")
    kinds = {"anchor": query, "positive": target} | {f"negative_{k}": target for k in range(1, negatives + 1)}
    features = {name: COLUMNS[kind][1] for name, kind in kinds.items()}
    metadata = {"huggingface": json.dumps({"info": {"features": features}})}
    return pa.schema([(name, COLUMNS[kind][0]) for name, kind in kinds.items()], metadata=metadata)


class _TupleFile:
    """A Parquet file of one task that grows in memory."""

    def __init__(self, task: str, number: int, negatives: int) -> None:
        self.number, self.rows = number, 0
        self._name, self._schema = f"{task}/{number:03}", schema_of(task, negatives)
        self._sink, self._pending = io.BytesIO(), list[Sequence[Any]]()
        self._writer = pq.ParquetWriter(self._sink, self._schema, compression="zstd")

    def add(self, cells: Sequence[Any]) -> None:
        self._pending.append(cells)
        self.rows += 1
        if len(self._pending) == ROWS_A_GROUP:
            self._flush()

    def size(self) -> int:
        return self._sink.tell()

    def closed(self) -> tuple[str, int, bytes]:
        self._flush()
        self._writer.close()
        return self._name, self.rows, self._sink.getvalue()

    def _flush(self) -> None:
        if self._pending:
            columns = [
                pa.array(cells, field.type) for cells, field in zip(zip(*self._pending, strict=True), self._schema, strict=True)
            ]
            self._writer.write_table(pa.Table.from_arrays(columns, schema=self._schema))
            self._pending = []


def _cell(item: Item, picture: Any) -> Any:  # noqa: ANN401
    """An item as the value of its column."""
    if item["kind"] in ("text", "ocr"):
        return item["text"]
    images = [{"bytes": _crop(picture(i), item["region"]), "path": None} for i in item["image_ids"]]
    return {"text": item["text"] or "", "image": images} if item["kind"] == "note" else images[0]


def _crop(jpeg: bytes, region: Mapping[str, float] | None) -> bytes:
    """The picture, or the part of it that a crop shows, at least one pixel each way."""
    if region is None:
        return jpeg
    pixels = np.asarray(cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR))
    height, width = pixels.shape[:2]
    x0, y0 = (min(int(region[name] * side), side - 1) for name, side in (("x0", width), ("y0", height)))
    x1, y1 = (max(round(region[name] * side), low + 1) for name, side, low in (("x1", width, x0), ("y1", height, y0)))
    return cv2.imencode(".jpg", pixels[y0:y1, x0:x1], [cv2.IMWRITE_JPEG_QUALITY, QUALITY])[1].tobytes()
