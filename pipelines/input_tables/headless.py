"""CSV files whose first line is data, as many databases unload tables, or has delimiters that nobody expects."""

import re
import shlex
from collections.abc import Collection, Sequence
from itertools import chain

from pipelines.input_tables.formats.file_look import FileLook
from pipelines.input_tables.settings import ReadOptions
from pipelines.input_tables.values.text_form import text_form
from pipelines.input_tables.values.times import parse_time
from pipelines.workspace.uri_credentials import redacted

SHOWN = 8
"""Fields of a first line that are shown, by their form."""
MOST_FIELDS = 1000
"""Fields of a first line that are looked at."""


def first_headless(looks: Sequence[FileLook]) -> FileLook | None:
    """The first CSV file whose first line has numbers or times where a header has names."""
    return next((look for look in looks if look.dialect is not None and is_data(look.dialect.names)), None)


def is_data(fields: Sequence[str]) -> bool:
    """Whether a line is data: a field of it is a number or a time, which name no column.

    >>> is_data(["u1", "n1", "2026-11-25 10:00:00"]), is_data(["user", "note", "2nd"]), is_data(["0", "1"])
    (True, False, True)
    """
    earliest, latest = ReadOptions().time_range()
    return any(_is_number(field) or parse_time(field, earliest, latest) is not None for field in fields[:MOST_FIELDS])


def without_header(uri: str, look: FileLook, ours: Sequence[str], required: Collection[str]) -> str:
    """The message about a file without a header; the values of its first line are shown by their form only.

    Args:
        uri: of the input.
        look: at the file.
        ours: names of our columns, in their order.
        required: those that the input must have.
    """
    fields = look.dialect.names if look.dialect is not None else ()
    first = [name for name in ours if name in required]
    names = list(chain(first, (f"other{k}" for k in range(1, len(fields) - len(first) + 1))))[: max(len(fields), len(first))]
    spelled = ", ".join(f'"{name}"' for name in names)
    more = ", ..." if len(fields) > SHOWN else ""
    return (
        f"{redacted(uri)}: {look.file.uri} has no header: its first line is like "
        f"[{', '.join(map(text_form, fields[:SHOWN]))}{more}] (letters as a, digits as 9). Name its {len(fields):,} columns in "
        f"their order, such as --set {shlex.quote(f'read.names=[{spelled}]')}"
    )


def unknown_delimiter(looks: Sequence[FileLook], names: Collection[str]) -> str | None:
    """What stands between two of our names in a header that is one column: a delimiter that is none of the usual ones."""
    headers = [look.dialect.names[0] for look in looks if look.dialect is not None and len(look.dialect.names) == 1]
    ours = "|".join(sorted(map(re.escape, names), key=len, reverse=True))
    match = re.search(rf"\b(?:{ours})([^\w\"\\]{{1,8}})(?:{ours})\b", headers[0]) if headers else None
    return match[1] if match else None


def delimiter_setting(delimiter: str) -> str:
    """The setting, as a shell takes it: control characters in the spelling of bash and zsh."""
    setting = f"read.delimiter={delimiter}"
    escaped = "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in setting)
    return f"--set {shlex.quote(setting)}" if escaped == setting else f"--set $'{escaped}'"


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return text.strip().lower().lstrip("+-") not in ("nan", "inf", "infinity")
