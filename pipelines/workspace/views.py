"""workspace.duckdb: a view for each published dataset, its columns with their sentences."""

import tempfile
from pathlib import Path

import duckdb

from pipelines.workspace.files import absolute
from pipelines.workspace.workspace import Workspace
from schemas import tables
from schemas.table import Table

DATABASE = "workspace.duckdb"
DATASETS: tuple[Table, ...] = (
    tables.NOTES,
    tables.IMAGES,
    tables.QUARANTINE,
    tables.POSITIVES,
    tables.COMPONENTS,
    tables.ITEMS,
    tables.ANNOTATIONS,
    tables.EMBEDDINGS,
    tables.HARD_NEGATIVES,
    tables.SHORTFALLS,
    tables.COUNTERFACTUALS,
)


def write_views(workspace: Workspace) -> None:
    """Replace the database of views at once: whoever has the old one open goes on reading it."""
    with tempfile.TemporaryDirectory() as scratch:
        database = Path(scratch) / DATABASE
        with duckdb.connect(str(database)) as connection:
            for table in DATASETS:
                if workspace.whole(table.name) is not None:
                    _create_view(connection, table, workspace.files(table.name))
        workspace.folder.write(DATABASE, database.read_bytes())


def _create_view(connection: duckdb.DuckDBPyConnection, table: Table, files: list[str]) -> None:
    places = [absolute(file) for file in files]
    listed = ", ".join(_quoted(place) for place in places)
    connection.execute(f"create view {table.name} as select * from read_parquet([{listed}])")
    connection.execute(f"comment on view {table.name} is {_quoted('one row: ' + table.grain)}")
    for column in table.columns:
        about = _quoted(column.metadata[b"about"].decode())
        connection.execute(f'comment on column {table.name}."{column.name}" is {about}')


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
