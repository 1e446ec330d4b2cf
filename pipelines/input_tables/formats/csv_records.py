"""The records of a CSV as RFC 4180 writes it: quotes doubled, line breaks within quotes. One broken line costs one line."""

import csv
from collections.abc import Sequence
from typing import NamedTuple

from pipelines.input_tables.formats.csv_dialect import Dialect
from pipelines.input_tables.formats.csv_escapes import as_written, hidden, meant
from pipelines.input_tables.formats.text_blocks import TextBlock

LONGEST_RECORD = 8 << 20
"""Characters; a quote that is not closed by then was none."""


class Records(NamedTuple):
    """Some records, in their order but for the broken ones."""

    rows: Sequence[Sequence[str | None]]
    """Fields; None where one is an escaped null."""
    broken: list[str]
    """Lines that are no record."""
    replaced: bool
    """Whether bytes in them were replaced by U+FFFD."""


class CsvParser:
    """Records of a CSV that comes in blocks of text; blank lines are left out.

    A record may go on in the next block; a line with a quote where none may be, or with one that is never closed, is broken,
    and the next line begins a new record.
    """

    def __init__(self, dialect: Dialect) -> None:
        """Nothing is read yet."""
        self._dialect = dialect
        self._waiting: list[str] = []
        self._line = ""
        """The beginning of a line whose line end is escaped."""
        self._replaced = False

    @property
    def is_inside_record(self) -> bool:
        """Whether the next block goes on with a record."""
        return bool(self._waiting or self._line)

    def feed(self, block: TextBlock) -> Records:
        """The records that end in a block."""
        text = hidden(self._line + block.text, self._dialect.delimiter, escapes=self._dialect.escapes)
        end = text.rfind("\n") + 1 if self._dialect.escapes else len(text)
        lines, self._line = [*self._waiting, *_lines(text[:end])], text[end:]
        rows, broken, done = self._without_headers(*_parsed(lines, self._dialect, final=False))
        replaced = self._replaced or block.replaced
        self._waiting = lines[done:]
        self._replaced = replaced and self.is_inside_record
        return self._records(rows, broken, replaced)

    def finish(self) -> Records:
        """What is left when there are no more blocks."""
        lines = [*self._waiting, *_lines(self._line)]
        rows, broken, _ = self._without_headers(*_parsed(lines, self._dialect, final=True))
        self._waiting, self._line = [], ""
        return self._records(rows, broken, self._replaced)

    def _without_headers(self, rows: list[list[str]], broken: list[str], done: int) -> tuple[list[list[str]], list[str], int]:
        """The header again, where files were put one behind the other, is no record."""
        names = self._dialect.names
        again = [row for row in rows if row[-1] == names[-1] and is_header(row, names)]
        if again:
            rows = [row for row in rows if row not in again]
        return rows, [*broken, *(self._dialect.delimiter.join(row) for row in again)], done

    def _records(self, rows: list[list[str]], broken: list[str], replaced: bool) -> Records:
        delimiter = self._dialect.delimiter
        if not self._dialect.escapes and len(delimiter) == 1:
            return Records(rows, broken, replaced)
        fields = [[meant(field, delimiter) for field in row] for row in rows]
        return Records(fields, [as_written(line, delimiter) for line in broken], replaced)


def is_header(fields: Sequence[str], names: Sequence[str]) -> bool:
    r"""Whether a line has the columns' names for fields; a byte order mark may stand before them.

    >>> is_header(["\ufeffnote_id", "title"], ("note_id", "title"))
    True
    """
    return [field.strip(" \ufeff") for field in fields] == list(names)


class _Feed:
    """Lines for a reader, from a place on; knows how many were taken."""

    def __init__(self, lines: list[str], place: int) -> None:
        self.lines, self.place = lines, place

    def __iter__(self) -> "_Feed":
        return self

    def __next__(self) -> str:
        if self.place >= len(self.lines):
            raise StopIteration
        self.place += 1
        return self.lines[self.place - 1]


def _parsed(lines: list[str], dialect: Dialect, *, final: bool) -> tuple[list[list[str]], list[str], int]:
    """Rows, broken lines, and how many lines they took; the rest is the beginning of a record."""
    rows: list[list[str]] = []
    broken: list[str] = []
    place = 0
    while place < len(lines):
        feed = _Feed(lines, place)
        reader = csv.reader(feed, dialect.for_csv())
        try:
            for row in reader:
                if row:
                    rows.append(row)
                place = feed.place
            return rows, broken, len(lines)
        except csv.Error:
            unfinished = feed.place >= len(lines) and not final
            if unfinished and sum(map(len, lines[place:])) < LONGEST_RECORD:
                return rows, broken, place
            broken.append(lines[place].rstrip("\n"))
            place += 1
    return rows, broken, place


def _lines(text: str) -> list[str]:
    """At line feeds only: Python's splitlines would cut at U+2028 as well."""
    lines = text.split("\n")
    last = lines.pop()
    kept = [line + "\n" for line in lines]
    return [*kept, last] if last else kept
