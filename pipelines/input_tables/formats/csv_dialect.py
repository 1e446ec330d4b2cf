"""The dialect of a CSV file and the names of its columns, from its first lines."""

import csv
import re
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from pipelines.input_tables.formats.csv_escapes import FIELD_END, hidden, meant
from pipelines.input_tables.settings import AUTO, NONE, ReadOptions

DELIMITERS = (",", "\t", ";", "|", "\x01", "::")
"""The last but one is Hive's, the last one MovieLens'."""
EXCEL_HINT = re.compile(r'"?sep=(.)"?\n?')
FORMULA = re.compile(r'(?:^|[,;\t|\x01])(?:="|"="")', re.M)
LONGEST_FIELD = 1 << 30
TITLE_LINES = 10
"""Lines before a header that may be a report's title."""
BETWEEN_FIELDS = re.compile(r'["\s]*[,;\t|\x01]["\s]*')
BACKSLASHES = re.compile(r'\\(?:"(?!")|\n)')
csv.field_size_limit(LONGEST_FIELD)


class Dialect(NamedTuple):
    """How fields stand in lines."""

    delimiter: str
    quote: str
    """Empty: no field is quoted."""
    skip_blank: bool
    """Whether a blank after a delimiter is none of the field's, as the header has it."""
    header_lines: int
    """Lines up to the first record: the header, and what stands before it (Excel's sep=, comments)."""
    names: tuple[str, ...]
    """Of the columns, in order."""
    formulas: bool = False
    """Whether fields are written as formulas, ="007", which keep leading zeros in Excel."""
    escapes: bool = False
    """Whether backslashes escape."""
    backslashes: bool = False
    """Whether there are some before quotes or line ends, though they do not escape."""
    title: bool = False
    """Whether lines before the header were left out that are no comments."""

    def for_csv(self) -> type[csv.Dialect]:
        """For Python's csv.reader; strict, so that a broken record is an error."""

        class Strict(csv.Dialect):
            delimiter = self.delimiter if len(self.delimiter) == 1 else FIELD_END
            quotechar = self.quote or None
            doublequote = True
            skipinitialspace = self.skip_blank
            quoting = csv.QUOTE_MINIMAL if self.quote else csv.QUOTE_NONE
            lineterminator = "\n"
            strict = True

        return Strict


def dialect_of(text: str, expected: Sequence[str], options: ReadOptions, by_name: str | None = None) -> Dialect:
    """The dialect of a file that begins with `text`.

    Args:
        text: its first lines, without a byte order mark.
        expected: names of columns that one of its header's readings should have.
        options: what the user has set: the names, where there is no header.
        by_name: the delimiter that the file's name says (.tsv).
    """
    lines = hidden(text, ",", escapes=options.escape != NONE).split("\n")
    begun, hinted = _before_header(lines, expected)
    skip = _behind_title(lines, begun, expected)
    choices = DELIMITERS if options.delimiter == AUTO else (options.delimiter,)
    tried = [
        _read_header(lines, delimiter, quote, skip, options) for delimiter in choices for quote in _quotes(delimiter, options)
    ]
    preferred = hinted or by_name
    headless = [d for d in tried if len(d.names) == len(options.names) and not set(d.names) & set(options.names)]
    if headless:
        chosen = max(headless, key=lambda d: (d.delimiter == preferred, _agreeing(lines, d), d.quote == '"'))
        return _marked(chosen._replace(names=options.names, header_lines=skip), text)
    chosen = max(
        tried,
        key=lambda d: (_known(d, expected), d.delimiter == preferred, len(d.names) > 1 and _agreeing(lines, d), d.quote == '"'),
    )
    return _marked(chosen, text, title=skip > begun)


def _marked(dialect: Dialect, text: str, *, title: bool = False) -> Dialect:
    """The dialect with what the text has beside delimiters and quotes."""
    backslashes = not dialect.escapes and BACKSLASHES.search(text) is not None
    return dialect._replace(formulas=FORMULA.search(text) is not None, backslashes=backslashes, title=title)


def _quotes(delimiter: str, options: ReadOptions) -> tuple[str, ...]:
    """The quotes that fields may be in; MySQL's and Postgres' tab-separated dumps, and MovieLens' ::, have none."""
    if options.quote != AUTO:
        return ("",) if options.quote == NONE else (options.quote,)
    return ("",) if len(delimiter) > 1 or (delimiter == "\t" and options.escape != NONE) else ('"', "'")


def _known(dialect: Dialect, expected: Sequence[str]) -> int:
    return len(set(dialect.names) & {name.partition(".")[0] for name in expected} | set(dialect.names) & set(expected))


def _agreeing(lines: list[str], dialect: Dialect) -> int:
    """Of the first lines, how many have as many delimiters as the header."""
    counts = Counter(
        line.count(dialect.delimiter) for line in lines[dialect.header_lines - 1 : dialect.header_lines + 50] if line
    )
    return counts[len(dialect.names) - 1]


def _before_header(lines: list[str], expected: Sequence[str]) -> tuple[int, str | None]:
    """Lines to skip, and the delimiter that Excel's first line says."""
    skip, hinted = 0, None
    if lines and (match := EXCEL_HINT.fullmatch(lines[0].strip())):
        skip, hinted = 1, match[1]
    begun = skip
    while skip < len(lines) and (not lines[skip].strip() or lines[skip].lstrip().startswith("#")):
        skip += 1
    comment = any(line.strip() for line in lines[begun:skip])
    if comment and not any(name in (lines[skip] if skip < len(lines) else "") for name in expected):
        return begun, hinted  # a column may be called "#"
    return skip, hinted


def _behind_title(lines: list[str], skip: int, expected: Sequence[str]) -> int:
    """Where the header is: the first line that has two of the expected names, if the first one has none."""

    def known(line: str) -> int:
        return len({field.strip('" \ufeff') for field in BETWEEN_FIELDS.split(line)} & set(expected))

    if known(_header_text(lines, skip)):
        return skip
    return next((k for k in range(skip + 1, min(len(lines), skip + TITLE_LINES)) if known(lines[k]) > 1), skip)


def _header_text(lines: list[str], skip: int) -> str:
    """The header's lines: a quoted name may have a line break in it."""
    end = skip + 1
    while end < min(len(lines), skip + 20) and "\n".join(lines[skip:end]).count('"') % 2:
        end += 1
    return "\n".join(lines[skip:end])


def _read_header(lines: list[str], delimiter: str, quote: str, skip: int, options: ReadOptions) -> Dialect:
    header = _header_text(lines, skip) if quote else "".join(lines[skip : skip + 1])
    tried = Dialect(delimiter, quote, False, skip + header.count("\n") + 1, (), escapes=options.escape != NONE)
    plain = _fields(header, tried)
    skip_blank = len(plain) > 1 and all(name[:1] == " " for name in plain[1:])
    names = _fields(header, tried._replace(skip_blank=True)) if skip_blank else plain
    return tried._replace(skip_blank=skip_blank, names=tuple(name.strip() for name in names))


def _fields(header: str, dialect: Dialect) -> list[str]:
    text = hidden(header, dialect.delimiter, escapes=False)
    try:
        names = next(csv.reader([f"{line}\n" for line in text.split("\n")], dialect.for_csv(), strict=False), [])
    except csv.Error:
        names = header.split(dialect.delimiter)
    return [meant(name, dialect.delimiter) or "" for name in names]
