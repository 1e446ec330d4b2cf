"""Read a part of an input: the columns that are asked for, as the file has them, a batch at a time."""

from collections.abc import Iterator, Sequence

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipelines.input_tables.files.byte_streams import open_bytes
from pipelines.input_tables.files.places import open_place
from pipelines.input_tables.formats.csv_batches import csv_batches, without_header
from pipelines.input_tables.formats.file_look import FileLook
from pipelines.input_tables.formats.json_batches import json_batches
from pipelines.input_tables.formats.json_fields import json_fields
from pipelines.input_tables.formats.json_records import json_lines, json_values
from pipelines.input_tables.formats.text_blocks import text_blocks
from pipelines.input_tables.open_table import InputTable
from pipelines.input_tables.parts import Part, parts_of
from pipelines.input_tables.raw_rows import raw_batch
from pipelines.input_tables.settings import ReadOptions
from pipelines.input_tables.values.plain_types import plain
from schemas.errors import DataError

BATCH_BYTES = 32 << 20
MOST_ROWS = 65_536
LARGE_GROUP = 64 << 20
"""Bytes of a row group above which its columns are read in pieces."""
BUFFER_BYTES = 4 << 20


def read_columns(table: InputTable, names: Sequence[str], options: ReadOptions | None = None) -> Iterator[pa.RecordBatch]:
    """All rows of an input, part by part; as `read_part`."""
    for part in parts_of(table):
        yield from read_part(part, names, options)


def read_part(part: Part, names: Sequence[str], options: ReadOptions | None = None) -> Iterator[pa.RecordBatch]:
    """Batches of the named columns, in that order, and BROKEN and ODD of `raw_rows`.

    Values of Parquet and Arrow files keep their types, made plain; CSV and JSON give texts. A column that the file lacks is
    null; a partition folder's value stands for the column in all of its rows, whatever the file has. "a.b" is field b of a,
    where no column has that whole name; a may be a struct, an object of JSON, or a text with one.

    Raises:
        DataError: the file is damaged or cannot be read.

    Memory: a batch, and of Parquet the columns of a row group where these are small.
    """
    folders = dict(part.look.file.partitions)
    own = [name for name in names if name not in folders]
    for batch in _own(part, own, options or ReadOptions()):
        if not folders:
            yield batch
            continue
        broken = batch.column(len(own))
        columns = {name: batch.column(k) for k, name in enumerate(own)}
        columns |= {name: _repeated(value, broken) for name, value in folders.items()}
        yield pa.RecordBatch.from_arrays(
            [*(columns[name] for name in names), broken, batch.column(len(own) + 1)],
            names=[*names, *batch.schema.names[len(own) :]],
        )


def _own(part: Part, names: Sequence[str], options: ReadOptions) -> Iterator[pa.RecordBatch]:
    look = part.look
    if look.format == "parquet":
        return _parquet(part, names)
    if look.format == "arrow":
        return _arrow(look, names)
    if look.text is None:
        raise TypeError(f"{look.file.uri}: {look.format}")
    blocks = text_blocks(look.text, part.bytes_range)
    if look.dialect is not None:
        first = part.bytes_range is None or part.bytes_range.start == 0
        return csv_batches(without_header(blocks, look.dialect.header_lines if first else 0), look.dialect, names, options)
    layout = look.json.layout if look.json is not None else "lines"
    return json_batches(json_lines(blocks) if layout == "lines" else json_values(blocks, int(layout == "array")), names)


def _parquet(part: Part, names: Sequence[str]) -> Iterator[pa.RecordBatch]:
    look = part.look
    system, path = open_place(look.file.place)
    sizes = [look.row_groups[k] for k in part.row_groups]
    largest = max(compressed for _, compressed, _ in sizes)
    row_bytes = max(1, sum(size for _, _, size in sizes) // max(1, sum(rows for rows, _, _ in sizes)))
    top = [name for name in dict.fromkeys(_top(name, look.columns) for name in names) if name in look.columns]
    try:
        with pq.ParquetFile(
            system.open_input_file(path),
            pre_buffer=bool(look.file.place.scheme) and largest <= LARGE_GROUP,
            buffer_size=BUFFER_BYTES if largest > LARGE_GROUP else 0,
            coerce_int96_timestamp_unit="us",
        ) as opened:
            rows = max(16, min(MOST_ROWS, BATCH_BYTES // row_bytes))
            for batch in opened.iter_batches(batch_size=rows, row_groups=list(part.row_groups), columns=top, use_threads=False):
                yield _named(batch, names)
    except (OSError, pa.ArrowException) as error:
        raise DataError(f"{look.file.uri}: cannot be read: {' '.join(str(error).split())[:300]}") from None


def _arrow(look: FileLook, names: Sequence[str]) -> Iterator[pa.RecordBatch]:
    with open_bytes(look.file.place, None) as stream:
        try:
            opened = pa.ipc.open_file(stream)
            batches: Iterator[pa.RecordBatch] = (opened.get_batch(k) for k in range(opened.num_record_batches))
        except pa.ArrowInvalid:
            stream.seek(0)
            batches = iter(pa.ipc.open_stream(stream))
        for batch in batches:
            for begin in range(0, len(batch), MOST_ROWS):
                yield _named(batch.slice(begin, MOST_ROWS), names)


def _top(name: str, columns: Sequence[str] | dict[str, pa.DataType]) -> str:
    return name if name in columns else name.partition(".")[0]


def _named(batch: pa.RecordBatch, names: Sequence[str]) -> pa.RecordBatch:
    if not names:
        return _without_columns(batch)
    return raw_batch(names, [_value(batch, name) for name in names])


def _without_columns(batch: pa.RecordBatch) -> pa.RecordBatch:
    rows = pa.nulls(len(batch), pa.string())
    empty = raw_batch([], [])
    return pa.RecordBatch.from_arrays([rows, rows], names=empty.schema.names)


def _value(batch: pa.RecordBatch, name: str) -> pa.Array:
    if name in batch.schema.names:
        return plain(batch.column(batch.schema.get_field_index(name)))
    first, _, rest = name.partition(".")
    if not rest or first not in batch.schema.names:
        return pa.nulls(len(batch), pa.null())
    values = plain(batch.column(batch.schema.get_field_index(first)))
    steps = rest.split(".")
    for k, step in enumerate(steps):
        if pa.types.is_string(values.type):
            return json_fields(values, ".".join(steps[k:]))
        if not pa.types.is_struct(values.type) or values.type.get_field_index(step) < 0:
            return pa.nulls(len(batch), pa.null())
        values = plain(pc.struct_field(values, step))
    return values


def _repeated(value: str | None, broken: pa.Array) -> pa.Array:
    """A folder's value for all rows but the broken ones."""
    if value is None:
        return pa.nulls(len(broken), pa.string())
    return pc.if_else(broken.is_null(), pa.scalar(value, pa.string()), pa.scalar(None, pa.string()))
