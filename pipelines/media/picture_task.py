"""A Spark task over pictures: reads their bytes ahead; a picture that cannot be used becomes a refused row. No engine."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import islice
from typing import Any

import cv2
import pyarrow as pa

from pipelines.media.decode import BadPicture
from pipelines.media.picture_bytes import Claim
from pipelines.media.read_ahead import read_ahead
from pipelines.workspace.uri_credentials import redacted

Row = dict[str, Any]
Work = Callable[[Iterable[pa.RecordBatch]], Iterator[pa.RecordBatch]]


def picture_task(
    compute: Callable[[Row, bytes], Row], keys: Sequence[str], schema: pa.Schema, fetch: Callable[..., bytes], ahead: int
) -> Work:
    """Batches of uri, image_id, content and `keys` -> batches of `schema`, a row for each row and in their order.

    Args:
        compute: the columns of a picture from its row and its bytes; refuses it with BadPicture.
        keys: columns that are passed on.
        schema: has `keys`, the columns that `compute` gives, and `reason` and `detail` of a refused picture.
        fetch: `picture_bytes` with the image root; asked where a row has no content.
        ahead: pictures that the task has under way at a time; their bytes are bounded by `read_ahead.BYTES_AHEAD`.

    Cost: memory of `read_ahead`, and of `ahead` rows of `schema`.
    """

    def row_of(row: Row, content: bytes | BadPicture) -> Row:
        passed_on = {name: row[name] for name in keys}
        try:
            if isinstance(content, BadPicture):
                raise content
            return passed_on | compute(row, content)
        except BadPicture as bad:
            return passed_on | {"reason": bad.reason, "detail": f"{redacted(row['uri'] or row['image_id'])}: {bad.detail}"}

    def work(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        cv2.setNumThreads(1)  # Spark runs a task a core already
        for batch in batches:
            rows = (row for at in range(batch.num_rows) for row in batch.slice(at, 1).to_pylist())
            computed = read_ahead(rows, partial(_content, fetch), row_of, ahead)
            while some := list(islice(computed, ahead)):
                yield pa.RecordBatch.from_pylist(some, schema=schema)

    return work


def _content(fetch: Callable[..., bytes], row: Row, claim: Claim) -> bytes | BadPicture:
    """The picture's bytes. A refusal is returned, not raised: it belongs to this row, and the task goes on."""
    if row["content"] is not None:
        return bytes(row["content"])
    if row["uri"] is None:
        return BadPicture("no picture", "neither a uri nor a row in --images")
    try:
        return fetch(row["uri"], claim=claim)
    except BadPicture as bad:
        return bad
