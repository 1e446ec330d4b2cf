"""workspace.duckdb: a view for each published dataset, its columns with their sentences."""

import tempfile
from pathlib import Path

import duckdb

from pipelines.workspace.files import absolute
from pipelines.workspace.workspace import Workspace
from schemas import tables, training
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
                    _create_view(connection, table, _rows_of(workspace.files(table.name)))
            for table in (training.SFT, training.RL):
                if published := [s for s in training.SPLITS if workspace.whole(f"{table.name}/{s}") is not None]:
                    _create_view(connection, table, _rows_by_split(workspace, table, published))
        workspace.folder.write(DATABASE, database.read_bytes())


def _rows_of(files: list[str], more: str = "") -> str:
    listed = ", ".join(_quoted(absolute(file)) for file in files)
    return f"select *{more} from read_parquet([{listed}])"


def _rows_by_split(workspace: Workspace, table: Table, splits: list[str]) -> str:
    """Shards have a dataset for each split; the view has a column."""
    parts = [_rows_of(workspace.files(f"{table.name}/{split}"), f", {_quoted(split)} as split") for split in splits]
    return " union all by name ".join(parts)


def _create_view(connection: duckdb.DuckDBPyConnection, table: Table, rows: str) -> None:
    connection.execute(f"create view {table.name} as {rows}")
    connection.execute(f"comment on view {table.name} is {_quoted('one row: ' + table.grain)}")
    for column in table.columns:
        about = _quoted(column.metadata[b"about"].decode())
        connection.execute(f'comment on column {table.name}."{column.name}" is {about}')


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
