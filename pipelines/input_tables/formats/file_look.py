"""What one file is: its format, its columns, how to read it. Told by its bytes; its name only hints."""

from collections import Counter
from collections.abc import Sequence
from typing import IO, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.input_tables.files.byte_streams import open_bytes
from pipelines.input_tables.files.file_names import FormatName, delimiter_of_name, format_of_name, has_ending
from pipelines.input_tables.files.listing import InputFile
from pipelines.input_tables.files.places import open_place
from pipelines.input_tables.formats.csv_dialect import Dialect, dialect_of
from pipelines.input_tables.formats.encodings import encoding_of, is_valid
from pipelines.input_tables.formats.json_look import JsonLook, json_look
from pipelines.input_tables.formats.json_records import BLANKS
from pipelines.input_tables.formats.magic_bytes import HEAD_BYTES, magic_of, printable
from pipelines.input_tables.formats.text_blocks import TextFile, decode
from pipelines.input_tables.settings import AUTO, ReadOptions
from pipelines.input_tables.values.text_form import text_form
from schemas.errors import DataError

SAMPLE_BYTES = 1 << 20
"""Of a text file's beginning that is looked at."""


UNKNOWN_TEXT = "no table that is known"
MOST_ZEROS = 8
"""Of the first characters of a text file; one with more is binary."""


class FileLook(NamedTuple):
    """What a look at a file has found."""

    file: InputFile
    format: FormatName | None
    """None: no table; `problem` says what it is."""
    columns: dict[str, pa.DataType]
    """By name; texts in CSV and JSON."""
    problem: str = ""
    rows: int | None = None
    """Exact, from a Parquet file's footer; None: not known without reading."""
    row_groups: tuple[tuple[int, int, int], ...] = ()
    """Of a Parquet file: rows, compressed bytes, uncompressed bytes of each."""
    text: TextFile | None = None
    dialect: Dialect | None = None
    json: JsonLook | None = None
    twice: tuple[str, ...] = ()
    """Names that the file has for more than one column."""


def look_at(file: InputFile, expected: Sequence[str], options: ReadOptions) -> FileLook:
    """Look at a file: the footer of Parquet, the header and the first megabyte of text.

    Raises:
        DataError: it cannot be read or is damaged.
    """
    if not file.size_bytes:
        return FileLook(file, None, {}, "empty")
    with open_bytes(file.place, None) as stream:
        head = bytes(stream.read(min(HEAD_BYTES, file.size_bytes)))
    magic = magic_of(head)
    compression = magic.name if magic is not None and magic.role == "compression" else None
    if magic is not None and magic.name == "parquet":
        return _parquet(file)
    if magic is not None and magic.name == "arrow":
        return _arrow(file)
    if magic is not None and magic.role == "other":
        return FileLook(file, None, {}, magic.name)
    named = format_of_name(file.place.name)
    if named == "parquet" and compression is None:
        raise DataError(
            f"{file.uri}: not a Parquet file: it begins with {printable(head[:16], 16)!r}; write it again or take it out"
        )
    return _text(file, compression, named, expected, options)


def _parquet(file: InputFile) -> FileLook:
    system, path = open_place(file.place)
    try:
        footer = pq.read_metadata(path, filesystem=system)
        schema = footer.schema.to_arrow_schema()
    except (OSError, pa.ArrowException) as error:
        reason = " ".join(str(error).split())[:200]
        raise DataError(f"{file.uri}: damaged, or not a Parquet file ({reason}); write it again or take it out") from None
    groups = [footer.row_group(k) for k in range(footer.num_row_groups)]
    sizes = tuple(
        (group.num_rows, sum(group.column(k).total_compressed_size for k in range(group.num_columns)), group.total_byte_size)
        for group in groups
    )
    columns = {field.name: field.type for field in schema}
    twice = repeated_names(schema.names)
    return FileLook(file, "parquet", columns, rows=footer.num_rows, row_groups=sizes, twice=twice)


def _arrow(file: InputFile) -> FileLook:
    with open_bytes(file.place, None) as stream:
        try:
            schema = pa.ipc.open_file(stream).schema
        except pa.ArrowInvalid:
            stream.seek(0)
            schema = pa.ipc.open_stream(stream).schema
    return FileLook(file, "arrow", {field.name: field.type for field in schema}, twice=repeated_names(schema.names))


def _text(
    file: InputFile, compression: str | None, named: FormatName | None, expected: Sequence[str], options: ReadOptions
) -> FileLook:
    with open_bytes(file.place, compression) as stream:
        head = bytes(stream.read(SAMPLE_BYTES))
        whole = len(head) < SAMPLE_BYTES
        later = [] if whole or compression else _samples(stream, file.size_bytes)
    if compression and (inner := magic_of(head)) is not None:
        return FileLook(file, None, {}, f"{inner.name} in {compression}")
    encoding = encoding_of(head, options.encoding, whole=whole)
    if encoding.is_default and options.encoding == AUTO and not encoding.mark_bytes:
        encoding = next((e for e in (encoding_of(sample) for sample in later) if e.name == "gb18030"), encoding)
    text, _ = decode(_whole_characters(head[encoding.mark_bytes :], encoding.name), encoding.name)
    line_end = "\r" if "\n" not in text and "\r" in text else "\n"
    text = text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text
    described = TextFile(file.place, compression, encoding, line_end)
    if not text.strip(" \t\n\0\ufeff") or (whole and text.strip() == "[]"):
        return FileLook(file, None, {}, "blank")
    chosen = named or (None if options.format == AUTO else options.format)
    if chosen == "json" or (chosen is None and text.lstrip(BLANKS)[:1] in ("{", "[")):
        details = json_look(text, [decode(sample, encoding.name)[0] for sample in later], whole=whole)
        if chosen is None and not details.objects:
            return _unknown(file, head, text)
        return FileLook(file, "json", dict.fromkeys(details.names, pa.string()), text=described, json=details)
    dialect = dialect_of(text[:SAMPLE_BYTES], expected, options, delimiter_of_name(file.place.name))
    is_named = bool(set(expected) & set(dialect.names)) or dialect.names == options.names != ()
    if (chosen is None and not is_named) or text[:4096].count("\0") > MOST_ZEROS:
        return _unknown(file, head, text)
    columns = dict.fromkeys(dialect.names, pa.string())
    return FileLook(file, "csv", columns, text=described, dialect=dialect, twice=repeated_names(dialect.names))


def _unknown(file: InputFile, head: bytes, text: str) -> FileLook:
    """A text that is no table; what it begins with is shown, and of texts without letters and digits their form only."""
    begin = printable(head[:24], 24) if text[:4096].count("\0") > MOST_ZEROS else printable(text_form(text[:24]), 24)
    return FileLook(file, None, {}, f"{UNKNOWN_TEXT} (it begins like {begin!r})")


def repeated_names(names: Sequence[str]) -> tuple[str, ...]:
    """The names that stand more than once, sorted. Cost: O(n).

    >>> repeated_names(["b", "a", "b"])
    ('b',)
    """
    return tuple(sorted(name for name, count in Counter(names).items() if count > 1))


def _samples(stream: IO[bytes], size: int) -> list[bytes]:
    """Some of the middle and of the end of a large file, whole lines."""
    samples = []
    for place in (size // 2, max(0, size - HEAD_BYTES)):
        stream.seek(place)
        raw = bytes(stream.read(HEAD_BYTES))
        begin, end = raw.find(b"\n") + 1, raw.rfind(b"\n") + 1
        if begin < end:
            samples.append(raw[begin:end])
    return samples


def _whole_characters(raw: bytes, encoding: str) -> bytes:
    """Without half a character at the end of a sample."""
    for cut in range(4):
        if is_valid(raw[: len(raw) - cut], encoding, whole=True):
            return raw[: len(raw) - cut]
    return raw


def may_be_table(file: InputFile) -> bool:
    """Whether a name does not speak against a table: one of our endings, or none at all."""
    return format_of_name(file.place.name) is not None or not has_ending(file.place.name)
