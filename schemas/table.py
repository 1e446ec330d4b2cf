"""What a table is: a name, a grain, a key and pyarrow columns, each with a sentence about it."""

from dataclasses import dataclass

import pyarrow as pa

from schemas.errors import SchemaError


def column(name: str, kind: pa.DataType, about: str, *, required: bool = False) -> pa.Field:
    """A column with its documentation; `required` means that no row may leave it empty."""
    return pa.field(name, kind, nullable=not required, metadata={"about": about})


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """One dataset of the workspace. Spark types, DuckDB views and docs/reference/tables.md come from it."""

    name: str
    """The folder below the workspace, and the name of the DuckDB view."""
    grain: str
    """What one row is."""
    key: tuple[str, ...]
    """The columns that name a row, and the order in which rows are stored; `a.b` is field b of struct a."""
    columns: pa.Schema
    made_by: str
    """The job that publishes it."""

    def check(self, found: pa.Schema) -> None:
        """Raise one SchemaError with every column that is missing, unknown or of another type."""
        faults = []
        for wanted in self.columns:
            index = found.get_field_index(wanted.name)
            if index < 0:
                faults.append(f"missing column '{wanted.name}' ({wanted.type})")
            elif found.field(index).type != wanted.type:
                faults.append(f"column '{wanted.name}' is {found.field(index).type}, expected {wanted.type}")
        faults += [f"unknown column '{name}'" for name in found.names if name not in self.columns.names]
        if faults:
            raise SchemaError(f"table '{self.name}': {'; '.join(faults)}")
