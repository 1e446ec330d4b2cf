"""A picture's bytes as files have them: bytes, base64, hexadecimal digits, a data: URI, a list of numbers, or a struct."""

import ast
import base64
import binascii
import json
import re
from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.input_tables.settings import ReadOptions
from pipelines.input_tables.values.plain_types import plain

DATA_URI = re.compile(r"\s*data:[^,]{0,200};base64,", re.I)
BLANK = re.compile(r"\s+")
HEX_PICTURE = re.compile(r"(?:ffd8ff|89504e47|47494638|52494646|49492a00|4d4d002a)[0-9a-f]*\Z", re.I)
"""Pictures' first bytes in hexadecimal digits; in base64 no picture begins so."""


def to_binary(values: pa.Array, options: ReadOptions) -> tuple[pa.Array, pa.Array]:
    """Bytes, and which values are none.

    Raises:
        TypeError: a type that holds no bytes.
    """
    kind = values.type
    if pa.types.is_binary(kind):
        return values, pa.repeat(False, len(values))
    if pa.types.is_struct(kind) and kind.get_field_index("bytes") >= 0:
        return to_binary(plain(pc.struct_field(values, "bytes")), options)
    if pa.types.is_list(kind) and pa.types.is_integer(kind.value_type):
        return _by_value(values, _from_numbers)
    if pa.types.is_string(kind):
        return _by_value(values, _from_text)
    raise TypeError(str(kind))


def _by_value(values: pa.Array, make: Callable[[Any], bytes | None]) -> tuple[pa.Array, pa.Array]:
    converted = pa.array([None if value is None else make(value) for value in values.to_pylist()], pa.binary())
    return converted, pc.and_(values.is_valid(), converted.is_null())


def _from_text(text: str) -> bytes | None:
    """Bytes as base64, as databases write them in hexadecimal digits, or as Python prints them."""
    text = text.strip()
    try:
        if text[:2] in ("\\x", "0x") or HEX_PICTURE.match(text):
            return bytes.fromhex(text.removeprefix("\\x").removeprefix("0x"))
        if text[:2] in ("b'", 'b"'):
            value = ast.literal_eval(text)
            return value if isinstance(value, bytes) else None
    except (ValueError, SyntaxError, MemoryError):
        return None
    return _from_base64(text)


def _from_base64(text: str) -> bytes | None:
    """Line breaks within are left out; JSON files also have lists of numbers."""
    if text.startswith("["):
        try:
            return _from_numbers(json.loads(text))
        except ValueError:
            return None
    prefix = DATA_URI.match(text)
    digits = BLANK.sub("", text[prefix.end() :] if prefix else text)
    try:
        return base64.b64decode(
            digits + "=" * (-len(digits) % 4), altchars=b"-_" if set("-_") & set(digits) else None, validate=True
        )
    except (binascii.Error, ValueError):
        return None


def _from_numbers(numbers: list[int]) -> bytes | None:
    """Java's bytes are signed."""
    try:
        return bytes(number & 0xFF if -128 <= number < 0 else number for number in numbers)
    except (ValueError, TypeError):
        return None
