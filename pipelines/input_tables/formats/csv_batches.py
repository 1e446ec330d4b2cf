"""Columns of a CSV file as batches of texts. Arrow reads blocks without quotes, Python's csv the others."""

from collections.abc import Iterable, Iterator, Sequence

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as arrow_csv

from pipelines.input_tables.formats.csv_dialect import Dialect
from pipelines.input_tables.formats.csv_records import CsvParser, Records
from pipelines.input_tables.formats.json_fields import json_fields
from pipelines.input_tables.formats.text_blocks import TextBlock
from pipelines.input_tables.raw_rows import FEWER_FIELDS, MORE_FIELDS, REPLACED, raw_batch
from pipelines.input_tables.settings import FREE_TEXT, ReadOptions
from pipelines.input_tables.values.text_values import texts


def csv_batches(
    blocks: Iterable[TextBlock], dialect: Dialect, names: Sequence[str], options: ReadOptions
) -> Iterator[pa.RecordBatch]:
    """The named columns as texts, null where the file has no such column or a field is empty or a null word.

    Args:
        blocks: the file's text from its first record on.
        dialect: of the file.
        names: of the columns.
        options: the null words.

    Cost: some 50 MB/s where there are quotes, several times that where there are none.
    """
    parser = CsvParser(dialect)
    for block in blocks:
        fast = None if parser.is_inside_record else _by_arrow(block, dialect, names, options)
        yield _by_python(parser.feed(block), dialect, names, options) if fast is None else fast
    last = parser.finish()
    if last.rows or last.broken:
        yield _by_python(last, dialect, names, options)


def without_header(blocks: Iterable[TextBlock], header_lines: int) -> Iterator[TextBlock]:
    """The blocks from the first record on."""
    left = header_lines
    for block in blocks:
        text, place = block.text, 0
        while left and place < len(text):
            end = text.find("\n", place) + 1
            place, left = (end, left - 1) if end else (len(text), left - 1)
        if place < len(text):
            yield block._replace(text=text[place:])


def _by_arrow(block: TextBlock, dialect: Dialect, names: Sequence[str], options: ReadOptions) -> pa.RecordBatch | None:
    """None: the block has quotes, escapes, carriage returns or rows of another length than the header."""
    if dialect.quote in block.text or "\r" in block.text or dialect.skip_blank or block.replaced or len(dialect.names) < 2:
        return None
    if len(dialect.delimiter) > 1 or (dialect.escapes and "\\" in block.text):
        return None
    if dialect.delimiter.join(dialect.names) + "\n" in block.text:  # the header again
        return None
    places = _places(dialect, names)
    ragged = False

    def refuse(_: arrow_csv.InvalidRow) -> str:
        nonlocal ragged
        ragged = True
        return "skip"

    fields = [str(k) for k in range(len(dialect.names))]
    used = sorted({str(place) for place in places if place is not None}, key=int) or ["0"]
    raw = block.text.encode("utf-8", "surrogatepass")
    try:
        table = arrow_csv.read_csv(
            pa.BufferReader(raw),
            read_options=arrow_csv.ReadOptions(column_names=fields, use_threads=False, block_size=len(raw) + 1),
            parse_options=arrow_csv.ParseOptions(delimiter=dialect.delimiter, quote_char=False, invalid_row_handler=refuse),
            convert_options=arrow_csv.ConvertOptions(
                include_columns=used, column_types=dict.fromkeys(used, pa.string()), strings_can_be_null=False
            ),
        )
    except pa.ArrowInvalid:
        return None
    if ragged:
        return None
    columns = {
        name: column.combine_chunks() if column.num_chunks != 1 else column.chunk(0)
        for name, column in zip(used, table.columns, strict=True)
    }
    picked = [pa.nulls(len(table), pa.string()) if place is None else columns[str(place)] for place in places]
    return raw_batch(names, _with_nulls(names, _nested(picked, dialect, names), options))


def _by_python(records: Records, dialect: Dialect, names: Sequence[str], options: ReadOptions) -> pa.RecordBatch:
    rows, width = records.rows, len(dialect.names)
    picked = []
    for place in _places(dialect, names):
        values = [None] * len(rows) if place is None else [row[place] if place < len(row) else None for row in rows]
        picked.append(_without_formulas(texts(values)) if dialect.formulas else texts(values))
    odd: list[str | None] = [None if len(row) == width else MORE_FIELDS if len(row) > width else FEWER_FIELDS for row in rows]
    if records.replaced:
        is_replaced = [any("\ufffd" in field for field in row if field) for row in rows]
        odd = [REPLACED if replaced else mark for replaced, mark in zip(is_replaced, odd, strict=True)]
    columns = _with_nulls(names, _nested(picked, dialect, names), options)
    return raw_batch(names, columns, records.broken, pa.array(odd, pa.string()))


def _without_formulas(values: pa.Array) -> pa.Array:
    """The text of a formula that is only a text: ="007" is 007."""
    return pc.replace_substring_regex(values, r'^="([^"]*)"$', r"\1")


def _places(dialect: Dialect, names: Sequence[str]) -> list[int | None]:
    """Of each name the place of its column, or of that with the object that a dot leads into; none is there twice."""
    tops = [name if name in dialect.names else name.partition(".")[0] for name in names]
    return [dialect.names.index(top) if top in dialect.names else None for top in tops]


def _nested(columns: Sequence[pa.Array], dialect: Dialect, names: Sequence[str]) -> list[pa.Array]:
    return [
        column if name in dialect.names or "." not in name else json_fields(column, name.partition(".")[2])
        for column, name in zip(columns, names, strict=True)
    ]


def _with_nulls(names: Sequence[str], columns: Sequence[pa.Array], options: ReadOptions) -> list[pa.Array]:
    """Blank fields are null in all columns, null words in those that are no free text."""
    words = pa.array(["", *options.null_words], pa.string())
    nulled = []
    for name, column in zip(names, columns, strict=True):
        trimmed = pc.utf8_trim_whitespace(column)
        absent = pc.equal(trimmed, "") if name in FREE_TEXT else pc.is_in(trimmed, value_set=words)
        nulled.append(pc.if_else(pc.fill_null(absent, True), None, column))
    return nulled
