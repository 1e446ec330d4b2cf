"""A table: name, grain, key and pyarrow columns, each with a description."""

from dataclasses import dataclass

import pyarrow as pa

from schemas.errors import SchemaError


def column(name: str, kind: pa.DataType, about: str, *, required: bool = False) -> pa.Field:
    """Declare a column with its description; `required` columns may not be null."""
    return pa.field(name, kind, nullable=not required, metadata={"about": about})


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """One dataset of the workspace. Spark types, DuckDB views and docs/reference/tables.md come from it."""

    name: str
    """The folder below the workspace, and the name of the DuckDB view."""
    grain: str
    """Meaning of one row."""
    key: tuple[str, ...]
    """Columns that identify a row, and the order in which rows are stored; `a.b` is field b of struct a."""
    columns: pa.Schema
    made_by: str
    """The job that publishes it."""

    def check(self, schema: pa.Schema) -> None:
        """Raise one SchemaError with every column that is missing, unknown or of another type."""
        faults = []
        for expected in self.columns:
            index = schema.get_field_index(expected.name)
            if index < 0:
                faults.append(f"missing column '{expected.name}' ({expected.type})")
            elif schema.field(index).type != expected.type:
                faults.append(f"column '{expected.name}' is {schema.field(index).type}, expected {expected.type}")
        faults += [f"unknown column '{name}'" for name in schema.names if name not in self.columns.names]
        if faults:
            raise SchemaError(f"table '{self.name}': {'; '.join(faults)}")
