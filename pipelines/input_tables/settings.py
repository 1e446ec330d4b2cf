"""How input files are read: settings of the reader."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Literal

from pydantic import AfterValidator

AUTO, NONE = "auto", "none"
NULL_WORDS = ("NULL", "null", r"\N", "NaN", "nan", "None", "N/A", "<NA>", "undefined")
FREE_TEXT = frozenset({"title", "body"})
"""Columns that people write: there "None" is a text."""
IDS = frozenset({"note_id", "user_id", "author_id", "image_id"})
"""Columns of ids."""


def _date(text: str) -> str:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        raise ValueError("expected a date, as 1990-01-01") from None
    return text


def _encoding(text: str) -> str:
    try:
        "".encode("utf-8" if text == AUTO else text)
    except LookupError:
        raise ValueError("expected auto, or an encoding that Python knows, as utf-8, gb18030, utf-16, big5") from None
    return text


def _delimiter(text: str) -> str:
    if text != AUTO and (not 1 <= len(text) <= 8 or set(text) & set('"\r\n\\')):
        raise ValueError("expected auto, or one to eight characters, none of them a quote, a backslash or a line end")
    return text


def _quote(text: str) -> str:
    if text not in (AUTO, NONE) and (len(text) != 1 or text in "\r\n\\"):
        raise ValueError("expected auto, none, or one character")
    return text


Date = Annotated[str, AfterValidator(_date)]
FileFormat = Literal["auto", "parquet", "csv", "json", "arrow"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadOptions:
    """How the input's files are read. What a file says itself (magic bytes, byte order mark, header) needs no setting."""

    format: FileFormat = "auto"
    """Format of files whose names and first bytes do not tell: parquet, csv, json or arrow."""
    names: tuple[str, ...] = ()
    """Columns of CSV files without a header, in their order: a file whose first line has as many fields, and none of these
    names, has no header."""
    encoding: Annotated[str, AfterValidator(_encoding)] = AUTO
    """Encoding of text files. auto: a byte order mark, UTF-16 by its zeros, UTF-8 where the first megabyte is valid, else
    GB18030 where that is; bytes that are not valid are replaced by U+FFFD and counted."""
    delimiter: Annotated[str, AfterValidator(_delimiter)] = AUTO
    """Between the fields of a CSV file. auto: comma, semicolon, tab, | or ::, whichever splits the header into known
    columns."""
    quote: Annotated[str, AfterValidator(_quote)] = AUTO
    """Around fields of a CSV file that hold delimiters or line breaks; doubled inside (RFC 4180). auto: the double quote, or
    the single one where all names of the header are in single quotes; none where a delimiter has several characters, or is a
    tab and backslashes escape."""
    escape: Literal["none", "backslash"] = "none"
    """What a backslash in a CSV file is. none: a character like others. backslash: one before a quote, a delimiter or a line
    end makes it part of the field; before N it is no value, before n, t, r and 0 a control character (MySQL's INTO OUTFILE,
    Postgres' COPY, Hive)."""
    null_words: tuple[str, ...] = NULL_WORDS
    """Fields of a CSV file that mean "no value", beside the empty one; in title and body they are text."""
    earliest_time: Date = "1990-01-01"
    """A time before this date is not one: 2026 or 20261125 read as seconds would be a day of 1970. UTC."""
    latest_time: Date = "2100-01-01"
    """A time from this date on is not one, such as milliseconds that were read as seconds. UTC."""

    def time_range(self) -> tuple[int, int]:
        """Earliest and latest time in microseconds since 1970."""
        return micros(self.earliest_time), micros(self.latest_time)


def micros(date: str) -> int:
    """Microseconds since 1970 of an ISO date, UTC unless it says otherwise."""
    at = datetime.fromisoformat(date)
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    seconds = at - datetime(1970, 1, 1, tzinfo=UTC)
    return (seconds.days * 86_400 + seconds.seconds) * 1_000_000 + seconds.microseconds
