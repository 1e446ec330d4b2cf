"""Ids that stand for several: numbers of a spreadsheet or of doubles (1.79579E+18), and texts whose bytes were replaced."""

import re

import pyarrow as pa
import pyarrow.compute as pc

LOST_DIGITS = "without its last digits (like 1.79579E+18): export the column as text"
NO_TEXT = "with bytes that are no text (U+FFFD): set read.encoding, or export the column as text"
"""What is wrong with an id, behind the column's name, and the way out."""
REPLACED = "\ufffd"
NOTATION = r"\s*[+-]?[0-9](?:[.,][0-9]*)?(?:[eE]\+|(?:[.,][0-9]*)[eE])[0-9]{1,3}\s*"
"""As Excel, Python and Java write numbers; 1e5 may be an id of hexadecimal digits."""
PARTS = re.compile(r"[+-]?[0-9](?:[.,](?P<fraction>[0-9]*))?[eE](?P<plus>\+?)(?P<exponent>[0-9]+)")
EXACT_EXPONENT = 15
"""Up to here Java writes every digit of a double, but for zeros at the end."""


def lost_digits(texts: pa.Array) -> pa.Array:
    """[n] bool: which ids are numbers of which the last digits are not there. Cost: a regular expression."""
    marked = pc.fill_null(pc.match_substring_regex(texts, f"^(?:{NOTATION})$"), False)
    if not pc.any(marked).as_py():
        return marked
    return pa.array([mark and _has_lost(text) for mark, text in zip(marked.to_pylist(), texts.to_pylist(), strict=True)])


def _has_lost(text: str) -> bool:
    """Whether digits are missing.

    >>> [_has_lost(text) for text in ("1.79579E+18", "1,79579E+18", "2E+18", "1.795790123456789e+18", "1.79579E18")]
    [True, True, True, True, True]
    >>> [_has_lost(text) for text in ("1.2345678E7", "1.795E+3")]
    [False, False]
    """
    parts = PARTS.fullmatch(text.strip())
    if parts is None:
        return False
    exponent = int(parts["exponent"])
    return exponent > len(parts["fraction"] or "") and (bool(parts["plus"]) or exponent > EXACT_EXPONENT)
