"""Columns and rows of the tables that a folder of pictures may hold: of captions, or of notes."""

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

from pipelines.input_tables.open_table import InputTable, open_table
from pipelines.input_tables.raw_rows import BROKEN
from pipelines.input_tables.read_part import read_columns
from pipelines.input_tables.settings import ReadOptions
from pipelines.sources.picture_folder.coco_captions import COLUMNS, coco_rows, is_coco
from pipelines.sources.picture_folder.corpus_kind import FILE_NAME, FILE_NAMES

NAMING = (FILE_NAME, FILE_NAMES, "note_id")
"""Columns that make a JSON file with one object a table of one row; else it holds settings."""
TEXT_TABLE = ReadOptions(format="csv")


def table_columns(uri: str) -> list[str]:
    """The columns of a table; none of a file that is no table, such as a JSON file with one object of settings.

    Raises:
        DataError: it cannot be read.
    """
    table = open_table(uri, NAMING)
    if is_coco(table):
        return COLUMNS
    objects = sum(look.json.objects for look in table.looks if look.json is not None)
    is_table = table.format != "json" or objects > 1 or not set(NAMING).isdisjoint(table.columns)
    return list(table.columns) if is_table else []


def table_rows(uri: str, counts: Counter[str]) -> Iterator[dict[str, Any]]:
    """The rows of a table of captions; a broken line is counted.

    Raises:
        DataError: it cannot be read.
    """
    table = open_table(uri, NAMING, TEXT_TABLE if uri.lower().endswith(".txt") else None)
    if is_coco(table):
        yield from coco_rows(table)
        return
    names = list(table.columns)
    for batch in read_columns(table, names):
        for row in batch.to_pylist():
            if row[BROKEN] is not None:
                counts["rows of captions that could not be read"] += 1
            else:
                yield {name: _parsed(row[name], table) for name in names}


def _parsed(value: Any, table: InputTable) -> Any:  # noqa: ANN401
    """A list of captions that the reader gives as the text of its JSON."""
    if table.format == "json" and isinstance(value, str) and value[:1] == "[":
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value
