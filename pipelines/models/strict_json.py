"""JSON of strangers: what RFC 8259 has and no more, with numbers that fit."""

import json
import math
from typing import Any

MOST_DIGITS = 18
"""Of an integer: more do not fit into 64 bits."""


def parsed(body: bytes | str) -> Any:  # noqa: ANN401  # JSON
    """The value.

    Raises:
        ValueError: no JSON, NaN or Infinity, a number that no float64 or int64 holds, brackets nested too deep.

    >>> parsed(b'{"a": [1, 2.5, null]}')
    {'a': [1, 2.5, None]}
    """
    try:
        return json.loads(body, parse_constant=_no_number, parse_float=_finite, parse_int=_fitting)
    except RecursionError:
        raise ValueError("nested too deep") from None


def _no_number(name: str) -> Any:  # noqa: ANN401
    raise ValueError(f"{name} is no number in JSON")


def _finite(digits: str) -> float:
    value = float(digits)
    if not math.isfinite(value):
        raise ValueError(f"{digits[:20]} is beyond all float64")
    return value


def _fitting(digits: str) -> int:
    if len(digits.lstrip("-")) > MOST_DIGITS:
        raise ValueError(f"an integer of {len(digits)} digits")
    return int(digits)
