"""Records of JSON files: an object a line, an array, or objects one after the other. One broken object costs one row."""

import ast
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from pipelines.input_tables.formats.text_blocks import TextBlock

BLANKS = " \t\r\n\0\ufeff\x1e"
"""Around an object; some writers pad files with zeros, or begin each with a record separator (RFC 7464)."""
TOKEN = re.compile(r'"(?:[^"\\]|\\.)*(?:"|\\?\Z)|[{}\[\]]', re.S)
LONGEST_DICT = 1 << 20
EXTENDED = frozenset({"$oid", "$date", "$numberLong", "$numberInt", "$numberDouble", "$numberDecimal", "$uuid"})
"""Keys of mongoexport's objects that stand for one value."""


class Number(str):
    """A number as it is spelled."""

    __slots__ = ()


class JsonRecords(NamedTuple):
    """Some objects of a file."""

    rows: list[Mapping[str, Any]]
    broken: list[str]
    """Texts that are no object."""
    replaced: bool
    """Whether bytes in them were replaced by U+FFFD."""


def json_lines(blocks: Iterable[TextBlock]) -> Iterator[JsonRecords]:
    """The objects of a file that has one a line; blank lines are left out, a comma after an object belongs to no value."""
    for block in blocks:
        rows, broken = [], []
        for line in block.text.split("\n"):
            row = parsed(line)
            if row is not None:
                rows.append(row)
            elif line.strip(BLANKS):
                broken.append(line)
        yield JsonRecords(rows, broken, block.replaced)


def json_values(blocks: Iterable[TextBlock], depth: int) -> Iterator[JsonRecords]:
    """The objects of an array (depth 1), or of a file that has them one after the other over several lines (depth 0).

    Memory: a block and the longest object.
    """
    rest, replaced = "", False
    scan = _Scan(depth)
    for block in blocks:
        text = rest + block.text
        texts, used = scan.pieces(text)
        replaced = replaced or block.replaced
        yield _records(texts, replaced)
        rest = text[used:]
        scan.moved(used)
        replaced = block.replaced and bool(rest)
    if rest.strip(BLANKS + ",]"):
        yield JsonRecords([], [rest], replaced)


def parsed(text: str) -> Mapping[str, Any] | None:
    """An object; numbers keep their spelling, NaN is null. None: something else."""
    text = text.strip(BLANKS)
    if not text.startswith("{"):
        return None
    if text.endswith(","):
        text = text[:-1]
    try:
        row = DECODE(text)
    except (ValueError, RecursionError):
        return _python_dict(text) if text.startswith("{'") else None
    return row if isinstance(row, dict) else None


def _python_dict(text: str) -> Mapping[str, Any] | None:
    """A line that Python's str() made of a dict: in single quotes, as Spark's JSON reader takes it."""
    try:
        row = ast.literal_eval(text) if len(text) <= LONGEST_DICT else None
        return DECODE(json.dumps(row)) if isinstance(row, dict) else None
    except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
        return None


def spelled(value: Any) -> str | None:  # noqa: ANN401
    """A value as a text: a text itself, a number as it stood in the file, anything nested as JSON."""
    if value is None or isinstance(value, str):
        return None if value is None else str(value)
    if isinstance(value, dict) and len(value) == 1 and is_extended(value):
        return spelled(next(iter(value.values())))
    if isinstance(value, bool):
        return "true" if value else "false"
    return _as_json(value)


def value_of(row: Mapping[str, Any], name: str) -> Any:  # noqa: ANN401
    """The value of a key, or at the end of a dotted path."""
    if name in row or "." not in name:
        return row.get(name)
    first, _, rest = name.partition(".")
    inner = row.get(first)
    return value_of(inner, rest) if isinstance(inner, Mapping) else None


def is_extended(value: Any) -> bool:  # noqa: ANN401
    """Whether a value is one of MongoDB's extended JSON, such as {"$oid": "65f..."}."""
    return isinstance(value, dict) and len(value) == 1 and next(iter(value)) in EXTENDED


def _as_json(value: Any) -> str:  # noqa: ANN401
    if isinstance(value, Number):
        return str(value)
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(name, ensure_ascii=False)}: {_as_json(v)}" for name, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_as_json, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


DECODE = json.JSONDecoder(parse_float=Number, parse_int=Number, parse_constant=lambda _: None, strict=False).decode


def _records(pieces: list[str], replaced: bool) -> JsonRecords:
    rows, broken = [], []
    for piece in pieces:
        row = parsed(piece)
        if row is not None:
            rows.append(row)
        elif piece.strip(BLANKS + ","):
            broken.append(piece)
    return JsonRecords(rows, broken, replaced)


class _Scan:
    """Finds where objects end by their braces, in text that comes in pieces."""

    def __init__(self, depth: int) -> None:
        self._base = depth
        self._depth = 0
        self._begin: int | None = None
        """Where the object that is open began."""
        self._place = 0
        """Where the last token ended, in the text that is left."""

    def pieces(self, text: str) -> tuple[list[str], int]:
        """The objects that end in the text, what stands between them, and how much of the text they are."""
        texts, used = [], 0
        for token in TOKEN.finditer(text, self._place):
            mark = token[0]
            if mark[0] == '"':
                if len(mark) < 2 or mark[-1] != '"' or (token.end() == len(text) and _is_open(mark)):
                    break  # a string that goes on
            elif mark in "{[":
                if self._depth == self._base and mark == "{":
                    texts.append(text[used : token.start()])
                    self._begin = used = token.start()
                elif self._depth < self._base:
                    used = token.end()
                self._depth += 1
            else:
                self._depth = max(0, self._depth - 1)
                if self._depth == self._base and self._begin is not None:
                    texts.append(text[used : token.end()])
                    used, self._begin = token.end(), None
            self._place = token.end()
        return [piece for piece in texts if piece.strip(BLANKS + ",[]")], used

    def moved(self, used: int) -> None:
        """The text before `used` is gone."""
        self._place -= used


def _is_open(mark: str) -> bool:
    """Whether a string token that ends with a quote ends with an escaped one."""
    return (len(mark) - 1 - len(mark[:-1].rstrip("\\"))) % 2 == 1
