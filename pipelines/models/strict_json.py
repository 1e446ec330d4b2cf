"""Strict JSON of untrusted servers: only what RFC 8259 allows, with numbers that fit into 64 bits."""

import json
import math
from typing import Any

MOST_DIGITS = 18
"""Digits of an integer that surely fit into 64 bits."""


def parsed(body: bytes | str) -> Any:  # noqa: ANN401  # JSON
    """Parse JSON.

    Raises:
        ValueError: invalid JSON, NaN or Infinity, a number beyond float64 or int64, brackets nested too deep.

    >>> parsed(b'{"a": [1, 2.5, null]}')
    {'a': [1, 2.5, None]}
    """
    try:
        return json.loads(body, parse_constant=_invalid_constant, parse_float=_finite, parse_int=_fitting)
    except RecursionError:
        raise ValueError("nested too deep") from None


def _invalid_constant(name: str) -> Any:  # noqa: ANN401
    raise ValueError(f"{name} is not valid in JSON")


def _finite(digits: str) -> float:
    value = float(digits)
    if not math.isfinite(value):
        raise ValueError(f"{digits[:20]} is beyond float64")
    return value


def _fitting(digits: str) -> int:
    if len(digits.lstrip("-")) > MOST_DIGITS:
        raise ValueError(f"an integer of {len(digits)} digits")
    return int(digits)
