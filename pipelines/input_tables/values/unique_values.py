"""A Python function of the values of a column, called once for each different one."""

from collections.abc import Callable
from typing import Any

import pyarrow as pa


def by_unique_value(values: pa.Array, make: Callable[[str], Any], kind: pa.DataType) -> pa.Array:
    """[n] what `make` gives for each value; null for null."""
    encoded = values.dictionary_encode()
    converted = pa.array([None if value is None else make(value) for value in encoded.dictionary.to_pylist()], kind)
    return converted.take(encoded.indices)
