r"""Backslashes in CSV files, as MySQL, Postgres, Hive and Spark write them, and delimiters of several characters.

Python's csv knows neither `\n` nor "::". Before it parses a text, stand-ins that no text can hold (halves of surrogate pairs)
take the place of escaped characters and of such delimiters.
"""

import re

ESCAPED = re.compile(r"\\(.)", re.S)
FIRST = 0xDC00
"""The stand-in for the escaped ASCII character k is FIRST + k."""
STAND_IN = re.compile("[\udc00-\udc7f]")
FIELD_END = "\udd00"
"""The stand-in for a delimiter of several characters."""
LETTERS = {"n": "\n", "t": "\t", "r": "\r", "0": "\0", "b": "\b", "f": "\f", "v": "\v", "Z": "\x1a"}
"""Behind a backslash, as MySQL's LOAD DATA and Postgres' COPY read them; other characters stand for themselves."""
NULL = chr(FIRST + ord("N"))
MEANT = {FIRST + k: LETTERS.get(chr(k), chr(k)) for k in range(128)}


def hidden(text: str, delimiter: str, *, escapes: bool) -> str:
    """The text with stand-ins."""
    if escapes and "\\" in text:
        text = ESCAPED.sub(lambda match: chr(FIRST + ord(match[1])) if match[1].isascii() else match[1], text)
    return text.replace(delimiter, FIELD_END) if len(delimiter) > 1 else text


def meant(field: str, delimiter: str) -> str | None:
    r"""A parsed field with the characters that stand-ins stand for; None for `\N`.

    >>> [meant(hidden(text, ",", escapes=True), ",") for text in (r"a\tb", r"5\" wide", r"C:\\new", r"\N", "plain")]
    ['a\tb', '5" wide', 'C:\\new', None, 'plain']
    """
    return None if field == NULL else field.translate(MEANT).replace(FIELD_END, delimiter)


def as_written(text: str, delimiter: str) -> str:
    """A text with stand-ins as it stands in the file."""
    return STAND_IN.sub(lambda match: "\\" + chr(ord(match[0]) - FIRST), text).replace(FIELD_END, delimiter)
