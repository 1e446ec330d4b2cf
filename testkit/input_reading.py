"""What the tests of the reader share: an input as our rows, without an engine."""

import pyarrow as pa

from pipelines.input_tables.column_check import check_columns
from pipelines.input_tables.open_table import open_table
from pipelines.input_tables.our_rows import FAULTS, all_our_rows, our_schema
from pipelines.input_tables.parts import parts_of
from pipelines.input_tables.raw_rows import BROKEN
from pipelines.input_tables.read_part import read_part
from pipelines.input_tables.settings import ReadOptions
from schemas.datasets import IMAGE_REFERENCES
from schemas.inputs import CLICKS_IN, NOTES_IN

OPTIONS = ReadOptions()
PICTURES = [{"image_id": "p", "uri": "p.jpg"}]


class Reading:
    """All rows of an input."""

    def __init__(self, uri, wanted=NOTES_IN, options=OPTIONS, required=None, tasks=1):
        self.table = open_table(str(uri), wanted.names, options)
        needed = {f.name for f in wanted if not f.nullable} - {"like_count"} if required is None else required
        checked = check_columns(self.table, "notes" if wanted is NOTES_IN else "clicks", wanted, needed, options)
        self.present = checked.present
        self.messages = [*self.table.messages, *checked.messages]
        parts = parts_of(self.table, tasks)
        batches = [b for part in parts for b in all_our_rows(read_part(part, wanted.names, options), wanted, options)]
        self.rows = pa.Table.from_batches(batches, our_schema(wanted))

    def column(self, name):
        return self.rows.column(name).to_pylist()

    @property
    def broken(self):
        return [line for line in self.column(BROKEN) if line is not None]

    @property
    def faults(self):
        return [(fault["column"], fault["example"]) for row in self.column(FAULTS) if row for fault in row]


def clicks(uri, **more):
    return Reading(uri, CLICKS_IN, **more)


def note_table(count=3, start=0, **columns):
    """A table of notes; a column can be replaced, added, or left out by None."""
    base = {
        "note_id": pa.array([f"n{k}" for k in range(start, start + count)]),
        "title": pa.array([f"Title {k}" for k in range(start, start + count)]),
        "body": pa.array([f"Body {k}" for k in range(start, start + count)]),
        "topic": pa.array(["food"] * count),
        "images": pa.array([PICTURES] * count, IMAGE_REFERENCES),
        "like_count": pa.array(range(200, 200 + count), pa.int64()),
    }
    merged = base | columns
    return pa.table({name: values for name, values in merged.items() if values is not None})
