"""How the objects of a JSON file stand in it, and which keys they have."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal, NamedTuple

from pipelines.input_tables.formats.json_records import BLANKS, is_extended, json_lines, json_values, parsed, spelled
from pipelines.input_tables.formats.json_wrappers import Wrapper, wrapper_in, wrapper_of
from pipelines.input_tables.formats.text_blocks import TextBlock

Layout = Literal["lines", "array", "objects"]
EXAMPLES = 200
"""Values of a key that are kept from the sample."""
LONGEST_EXAMPLE = 2000
"""Characters; longer values are kept by nobody."""
EXAMPLE_CHARS = 20_000
"""Characters that are kept of a key: the looks at thousands of files are in memory together."""
SAMPLED = 1000
"""Objects of the sample that are looked at."""


class JsonLook(NamedTuple):
    """What a sample of a JSON file shows."""

    layout: Layout
    """An object a line; an array of objects; or objects one after the other, over several lines."""
    names: tuple[str, ...]
    """Keys of the sampled objects; others may come later in the file."""
    examples: dict[str, tuple[str, ...]]
    """Values by key, as texts, without nulls."""
    objects: int
    """How many the sample has."""
    whole: bool
    """Whether the sample is all of the file."""
    extended: bool = False
    """Whether values are objects of MongoDB's extended JSON."""
    wrapper: Wrapper | None = None
    """Of a file that is one object with the records in it."""


def json_look(text: str, later: Sequence[str], *, whole: bool) -> JsonLook:
    """Look at the beginning of a file and at lines from its middle and end.

    Args:
        text: its first megabyte, perhaps cut in the middle of an object.
        later: whole lines of other places.
        whole: whether `text` is all of it.
    """
    layout = _layout(text)
    if layout == "lines":
        lines = text if whole else text[: text.rfind("\n") + 1] or text
        complete = whole and lines.count("\n") < SAMPLED
        rows_seen = [
            row for records in json_lines([TextBlock(t, False) for t in (_first_lines(lines), *later)]) for row in records.rows
        ]
    else:
        complete = whole
        rows_seen = [row for records in json_values([TextBlock(text, False)], int(layout == "array")) for row in records.rows]
    names = {name: None for row in rows_seen for name in row}
    examples = {name: tuple(_examples(rows_seen, name)) for name in names}
    extended = any(is_extended(value) for row in rows_seen for value in row.values())
    wrapper = wrapper_of(rows_seen[0]) if len(rows_seen) == 1 else None if rows_seen else wrapper_in(text)
    return JsonLook(layout, tuple(names), examples, len(rows_seen), complete, extended, wrapper)


def _examples(rows: Sequence[Mapping[str, Any]], name: str) -> Iterator[str]:
    count = characters = 0
    for row in rows:
        value = row.get(name)
        text = "" if value is None else spelled(value) or ""
        if value is None or len(text) > LONGEST_EXAMPLE:
            continue
        count, characters = count + 1, characters + len(text)
        if count > EXAMPLES or characters > EXAMPLE_CHARS:
            return
        yield text


def _layout(text: str) -> Layout:
    begin = text.lstrip(BLANKS)
    if begin.startswith("["):
        return "array"
    lines = [line for line in begin.split("\n", 50)[:50] if line.strip(BLANKS)]
    if any(parsed(line) is not None for line in lines):
        return "lines"
    try:
        row, _ = json.JSONDecoder(strict=False).raw_decode(begin)
    except (ValueError, RecursionError):
        return "objects" if begin[1:].lstrip(" \t")[:1] == "\n" else "lines"
    return "objects" if isinstance(row, dict) else "lines"


def _first_lines(text: str) -> str:
    return "\n".join(text.split("\n", SAMPLED)[:SAMPLED])
