"""Columns of JSON records as batches of texts: no type is guessed."""

from collections.abc import Iterable, Iterator, Sequence

import pyarrow as pa

from pipelines.input_tables.formats.json_records import JsonRecords, spelled, value_of
from pipelines.input_tables.raw_rows import REPLACED, raw_batch
from pipelines.input_tables.values.text_values import texts

ROWS = 16_384


def json_batches(records: Iterable[JsonRecords], names: Sequence[str]) -> Iterator[pa.RecordBatch]:
    """The named columns as texts; null where an object has no such key or its value is null.

    Args:
        records: of a file.
        names: of the columns; a dot leads into an object where no key has the whole name.
    """
    for some in records:
        for begin in range(0, max(1, len(some.rows)), ROWS):
            rows = some.rows[begin : begin + ROWS]
            values = {name: [spelled(value_of(row, name)) for row in rows] for name in names}
            odd = None
            if some.replaced:
                marks = [REPLACED if any("\ufffd" in (values[n][k] or "") for n in names) else None for k in range(len(rows))]
                odd = pa.array(marks, pa.string())
            yield raw_batch(names, [texts(values[name]) for name in names], [] if begin else some.broken, odd)
