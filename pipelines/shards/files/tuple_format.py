"""Training rows as sentence-transformers' trainer reads them: anchor, positive, negative_1 to negative_n. No engine.

A file holds one task, so that a column is of one kind: a text is a string, a picture or crop an image, a note
`{"text": ..., "image": [...]}`. Images are JPEG within the row, as `datasets` stores them; its features stand in the schema.
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
"""A file is closed at this size: what a task holds in memory."""
ROWS_A_GROUP = 32
"""A row holds all of its pictures: so many rows are decoded at a time."""
QUALITY = 95
"""Of a crop that is cut out of its picture's JPEG."""

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
"""For each kind of item in a task's name the type of its column, and its feature as `datasets` spells it."""

Item = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tuples:
    """Settings of `--format sentence-transformers`."""

    negatives: Annotated[int, Field(ge=0, le=1000)] = 4
    """Negatives of a row, the first by rank; a row with fewer is left out, so that all have the same columns."""


def tuple_files(rows: Iterable[pa.RecordBatch], pictures: pa.Table, negatives: int) -> Iterator[tuple[str, int, bytes]]:
    """The rows of a shard as Parquet files: task and number (`image_to_note/000`), rows, content.

    Args:
        rows: SFT.
        pictures: PICTURES of the shard.
        negatives: of each row; rows with fewer are left out.

    Cost: FILE_BYTES in memory for each task that the shard has.
    """
    jpeg = dict(zip(pictures.column("image_id").to_pylist(), range(len(pictures)), strict=True))
    shown = pictures.column("content")
    open_: dict[str, _File] = {}
    for batch in rows:
        for row in batch.to_pylist():
            if len(row["candidates"]) < negatives:
                continue
            task = row["task"]
            file = open_.setdefault(task, _File(task, 0, negatives))
            items = [row["query"], row["positive"]["item"], *(c["item"] for c in row["candidates"][:negatives])]
            file.add([_shown(item, lambda i: shown[jpeg[i]].as_py()) for item in items])
            if file.size() >= FILE_BYTES:
                yield file.closed()
                open_[task] = _File(task, file.number + 1, negatives)
    for _, file in sorted(open_.items()):
        if file.rows:
            yield file.closed()


def schema_of(task: str, negatives: int) -> pa.Schema:
    """The columns of a task's tuples, with the features of `datasets`."""
    query, target = task.split("_to_")
    kinds = {"anchor": query, "positive": target} | {f"negative_{k}": target for k in range(1, negatives + 1)}
    features = {name: COLUMNS[kind][1] for name, kind in kinds.items()}
    told = {"huggingface": json.dumps({"info": {"features": features}})}
    return pa.schema([(name, COLUMNS[kind][0]) for name, kind in kinds.items()], metadata=told)


class _File:
    """A Parquet file of one task that grows in memory."""

    def __init__(self, task: str, number: int, negatives: int) -> None:
        self.number, self.rows = number, 0
        self._name, self._schema = f"{task}/{number:03}", schema_of(task, negatives)
        self._sink, self._held = io.BytesIO(), list[Sequence[Any]]()
        self._writer = pq.ParquetWriter(self._sink, self._schema, compression="zstd")

    def add(self, cells: Sequence[Any]) -> None:
        self._held.append(cells)
        self.rows += 1
        if len(self._held) == ROWS_A_GROUP:
            self._flush()

    def size(self) -> int:
        return self._sink.tell()

    def closed(self) -> tuple[str, int, bytes]:
        self._flush()
        self._writer.close()
        return self._name, self.rows, self._sink.getvalue()

    def _flush(self) -> None:
        if self._held:
            columns = [
                pa.array(cells, field.type) for cells, field in zip(zip(*self._held, strict=True), self._schema, strict=True)
            ]
            self._writer.write_table(pa.Table.from_arrays(columns, schema=self._schema))
            self._held = []


def _shown(item: Item, picture: Any) -> Any:  # noqa: ANN401
    """An item as a cell of its column."""
    if item["kind"] in ("text", "ocr"):
        return item["text"]
    images = [{"bytes": _cut(picture(i), item["region"]), "path": None} for i in item["image_ids"]]
    return {"text": item["text"] or "", "image": images} if item["kind"] == "note" else images[0]


def _cut(jpeg: bytes, region: Mapping[str, float] | None) -> bytes:
    """The picture, or the part of it that a crop shows: at least a pixel."""
    if region is None:
        return jpeg
    pixels = np.asarray(cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR))
    height, width = pixels.shape[:2]
    x0, y0 = (min(int(region[name] * side), side - 1) for name, side in (("x0", width), ("y0", height)))
    x1, y1 = (max(round(region[name] * side), low + 1) for name, side, low in (("x1", width, x0), ("y1", height, y0)))
    return cv2.imencode(".jpg", pixels[y0:y1, x0:x1], [cv2.IMWRITE_JPEG_QUALITY, QUALITY])[1].tobytes()
