"""Rows and columns of a table of captions from its bytes: CSV, TSV, JSON lines, a JSON array, Parquet. Nothing is opened."""

import bz2
import csv
import gzip
import io
import json
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.sources.picture_folder.captions import decode_text
from pipelines.sources.picture_folder.folder_files import table_format

DELIMITERS = (",", "\t", ";", "|")
PEEKED_ROWS = 100
"""Rows of JSON whose keys stand for the columns of the table."""
JSON_GAPS = " \t\r\n"
GAP_LETTERS = 64
csv.field_size_limit(1 << 30)


def text_columns(path: str, head: bytes) -> list[str]:
    r"""The columns of a table of text by its first bytes, decompressed: of CSV the header, of JSON the keys of its first rows.

    A JSON file that holds one object, such as settings, has none, unless the object is a row of notes or of captions.

    >>> text_columns("a.csv", b"file_name;text\na.jpg;A bus\n"), text_columns("info.json", b'{"version": 1}')
    (['file_name', 'text'], [])
    """
    text = decode_text(_whole_letters(head))
    if table_format(path) in ("csv", "tsv"):
        return next(csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(path, text)), [])
    rows = list(islice(_objects(text), PEEKED_ROWS))
    names = list(dict.fromkeys(name for row in rows for name in row))
    return names if len(rows) > 1 or {"note_id", "file_name"} & set(names) else []


def parquet_columns(file: Any) -> list[str]:  # noqa: ANN401
    """The columns of an open Parquet file.

    Raises:
        ValueError: it is none.
    """
    return list(_parquet(file).schema_arrow.names)


def table_rows(path: str, content: bytes, counts: Counter[str]) -> Iterator[dict[str, Any]]:
    """The rows of a table; what cannot be read of it costs a row, and is counted.

    Raises:
        ValueError: the bytes are not of the format that the name tells.
    """
    kind = table_format(path)
    if kind == "parquet":
        for batch in _parquet(pa.BufferReader(content)).iter_batches():
            yield from batch.to_pylist()
    elif kind in ("csv", "tsv"):
        yield from _csv_rows(path, content, counts)
    else:
        for row in _json_rows(_text(path, content)):
            if row is None:
                counts["rows of captions that could not be read"] += 1
            else:
                yield row


def _csv_rows(path: str, content: bytes, counts: Counter[str]) -> Iterator[dict[str, Any]]:
    text = _text(path, content)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(path, text))
    header = next(reader, [])
    for cells in reader:
        if len(cells) > len(header):
            counts["rows of captions that could not be read"] += 1
        elif cells:
            yield dict(zip(header, cells, strict=False))


def _json_rows(text: str) -> Iterator[dict[str, Any] | None]:
    """Objects of JSON lines or of an array; None for a line that holds none."""
    try:
        whole = json.loads(text)
    except (ValueError, RecursionError):
        for line in text.split("\n"):
            if line.strip():
                yield _parsed(line)
        return
    for row in whole if isinstance(whole, list) else [whole]:
        yield row if isinstance(row, dict) else None


def _parsed(line: str) -> dict[str, Any] | None:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return row if isinstance(row, dict) else None


def _objects(text: str) -> Iterator[dict[str, Any]]:
    """The objects at the beginning of JSON lines or of an array, up to what is cut off or broken."""
    decoder = json.JSONDecoder()
    at = len(text) - len(text.lstrip(JSON_GAPS + "["))
    while at < len(text):
        try:
            row, at = decoder.raw_decode(text, at)
        except (ValueError, RecursionError):
            return
        if isinstance(row, dict):
            yield row
        at += len(text[at : at + GAP_LETTERS]) - len(text[at : at + GAP_LETTERS].lstrip(JSON_GAPS + ","))


def _whole_letters(head: bytes) -> bytes:
    """The bytes up to the last line end: a cut may go through a letter."""
    return head[: head.rindex(b"\n") + 1] if b"\n" in head else head


def _parquet(file: Any) -> pq.ParquetFile:  # noqa: ANN401
    try:
        return pq.ParquetFile(file)
    except (pa.ArrowInvalid, OSError) as error:
        raise ValueError(str(error)) from None


def _text(path: str, content: bytes) -> str:
    name = path.lower()
    if name.endswith((".gz", ".bz2")):
        try:
            content = gzip.decompress(content) if name.endswith(".gz") else bz2.decompress(content)
        except (OSError, EOFError) as error:
            raise ValueError(str(error)) from None
    elif name.endswith(".zst"):
        content = pa.CompressedInputStream(pa.BufferReader(content), "zstd").read()
    return decode_text(content)


def _delimiter(path: str, text: str) -> str:
    header = text.split("\n", 1)[0]
    return "\t" if table_format(path) == "tsv" else max(DELIMITERS, key=header.count)
