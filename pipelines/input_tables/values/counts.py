"""Counts as platforms and spreadsheets write them: "1.2万", "2.3w", "10+", "1,234", "201.0"."""

import re
import unicodedata
from decimal import Decimal

LARGEST = 2**63 - 1
UNITS = {"": 1, "百": 100, "千": 1_000, "k": 1_000, "万": 10_000, "w": 10_000, "萬": 10_000, "m": 1_000_000}
UNITS |= {"百万": 1_000_000, "千万": 10_000_000, "亿": 100_000_000, "億": 100_000_000}
COUNT = re.compile(
    r"\s*(?P<number>[+-]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d*)?(?:[eE][+-]?\d{1,3})?)\s*(?P<unit>百万|千万|[百千万萬亿億kKwWmM])?\s*\+?\s*"
)
LONGEST = 60
"""Characters; a longer text is no count."""


def parse_count(text: str) -> int | None:
    """The whole number that a text says; None where it says none, or one that 64 bits cannot hold.

    With a unit the rest below one is cut off; "10+" is 10, the least that it says.

    >>> [parse_count(text) for text in ("1.2万", "2.3w", "10+", "1千+", "1,234", "201.0", "1.5", "赞")]
    [12000, 23000, 10, 1000, 1234, 201, None, None]
    """
    if len(text) > LONGEST:
        return None
    match = COUNT.fullmatch(text) or COUNT.fullmatch(unicodedata.normalize("NFKC", text))
    if match is None:
        return None
    unit = UNITS[(match["unit"] or "").lower()]
    number = Decimal(match["number"].replace(",", ""))
    if abs(number) > LARGEST:
        return None
    scaled = number * unit
    if unit == 1 and scaled != scaled.to_integral_value():
        return None
    whole = int(scaled)
    return whole if abs(whole) <= LARGEST else None
