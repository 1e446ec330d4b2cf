"""Fields of objects that a column has as JSON texts, as CSV files, and databases' exports to Parquet, have them."""

import pyarrow as pa

from pipelines.input_tables.formats.json_records import parsed, spelled, value_of
from pipelines.input_tables.values.unique_values import by_unique_value


def json_fields(values: pa.Array, path: str) -> pa.Array:
    """[n] texts at the end of a dotted path; null where a text is no object or has no such field.

    >>> json_fields(pa.array(['{"user": {"id": 7}}', "no object", None]), "user.id").to_pylist()
    ['7', None, None]
    """
    return by_unique_value(values, lambda text: spelled(value_of(parsed(text) or {}, path)), pa.string())
