"""JSON files that are one object with the records in it: where they are, and the command that writes one a line."""

import json
import re
import shlex
from collections.abc import Mapping
from typing import Any, NamedTuple

FIRST_LIST = re.compile(r'\s*\{\s*(?:"[^"]*"\s*:\s*(?:"[^"]*"|[-\d.eE]+|null|true|false)\s*,\s*)*"([^"]+)"\s*:\s*\[\s*\{')
IDS = frozenset({"note_id", "id", "_id"})
"""Keys of an object that is a record itself."""
KEYED = "keyed"
"""An object of records by their ids, as Firebase exports."""
LEVELS = 2
"""Objects in objects that are looked into for a list of records."""
PYTHON = ".venv/bin/python -c "


class Wrapper(NamedTuple):
    """How an object holds records."""

    path: tuple[str, ...] = ()
    """Keys that lead to a list of objects."""
    orient: str = ""
    """Of an object of pandas' DataFrame.to_json(): columns, index or split; or KEYED."""


def wrapper_of(row: Mapping[str, Any]) -> Wrapper | None:
    """What the only object of a file holds; None where it is a record itself.

    >>> wrapper_of({"code": 0, "data": {"items": [{"id": 1}, {"id": 2}], "total": 2}})
    Wrapper(path=('data', 'items'), orient='')
    >>> wrapper_of({"note_id": {"0": "a", "1": "b"}, "title": {"0": "A", "1": "B"}})
    Wrapper(path=(), orient='columns')
    >>> wrapper_of({"n1": {"title": "A"}, "n2": {"title": "B", "likes": 2}}).orient
    'keyed'
    >>> wrapper_of({"note_id": "a", "images": [{"uri": "a.jpg"}, {"uri": "b.jpg"}]})
    """
    orient = _orient(row)
    if orient:
        return Wrapper(orient=orient)
    if IDS & set(row):
        return None
    scalars = sum(not isinstance(value, list | Mapping) for value in row.values())
    count, path = _longest_list(row, LEVELS)
    return Wrapper(path) if path and (count > scalars or len(path) > 1) and scalars < 3 else None


def wrapper_in(text: str) -> Wrapper | None:
    """The same of the beginning of a file whose only object is longer than that: its first list of objects."""
    match = FIRST_LIST.match(text)
    return Wrapper((match[1],)) if match else None


def wrapper_command(uri: str, wrapper: Wrapper) -> str:
    """The command that writes the records of a file, one a line."""
    file = json.dumps(uri, ensure_ascii=False)
    if wrapper.orient:
        code = f'import pandas; pandas.read_json({file}, orient="{wrapper.orient}", dtype=False, convert_dates=False)'
        if wrapper.orient == KEYED:
            code = code.replace(KEYED, "index").replace("dtype=", "convert_axes=False, dtype=") + '.reset_index(names="id")'
        return PYTHON + shlex.quote(f'{code}.to_json("records.jsonl", orient="records", lines=True)')
    keys = "".join(f"[{json.dumps(key, ensure_ascii=False)}]" for key in wrapper.path)
    code = f'import json; print(*map(json.dumps, json.load(open({file}, encoding="utf-8-sig")){keys}), sep="\\n")'
    return f"{PYTHON}{shlex.quote(code)} > records.jsonl"


def _orient(row: Mapping[str, Any]) -> str:
    if set(row) == {"columns", "index", "data"} and isinstance(row["data"], list):
        return "split"
    inner = list(row.values())
    if len(inner) < 2 or not all(isinstance(value, Mapping) and value for value in inner):
        return ""
    shared = set.intersection(*map(set, inner))
    if shared and not all(key.isdigit() for key in row) and not all(key.isdigit() for key in shared):
        return KEYED
    if any(set(value) != set(inner[0]) for value in inner):
        return ""
    if all(key.isdigit() for key in row):
        return "index"
    return "columns" if all(key.isdigit() for key in inner[0]) else ""


def _longest_list(row: Mapping[str, Any], levels: int) -> tuple[int, tuple[str, ...]]:
    lists: list[tuple[int, tuple[str, ...]]] = [(0, ())]
    for name, value in row.items():
        if isinstance(value, list) and value and all(isinstance(one, Mapping) for one in value):
            lists.append((len(value), (name,)))
        elif isinstance(value, Mapping) and levels > 1:
            count, path = _longest_list(value, levels - 1)
            lists.append((count, (name, *path) if path else ()))
    return max(lists, key=lambda one: (one[0] > 0, -len(one[1]), one[0]))  # the outer one, of these the longest
