"""The database of views: one view per dataset, published or not, with descriptions of its columns."""

import tempfile
from pathlib import Path

import duckdb
import pyarrow.parquet as pq

from pipelines.workspace.duckdb import quoting
from pipelines.workspace.duckdb.datasets import BY_SPLIT, VIEWS, parts
from pipelines.workspace.duckdb.macros import create_macros
from pipelines.workspace.duckdb.run_tables import write_runs
from pipelines.workspace.duckdb.workspace_path import DATABASE, VARIABLE, create_root
from pipelines.workspace.lock import check_lease
from pipelines.workspace.manifest import below
from pipelines.workspace.workspace import Workspace
from schemas.table import Table

STORAGE = "v1.0.0"
"""Storage version of the file; one that older `duckdb` programs can open."""
SUFFIX = ".parquet"


def write_views(workspace: Workspace) -> None:
    """Replace the database of views atomically; a reader that has the old one open can keep reading it.

    Raises:
        DataError: another job has taken over the workspace.
    """
    content = database(workspace)
    check_lease(workspace.folder)
    workspace.folder.write(DATABASE, content)


def database(workspace: Workspace) -> bytes:
    """Build the database of views of a workspace on any file system. No data file is opened.

    Cost: a tenth of a second and one link per data file; does not grow with the rows.
    """
    with tempfile.TemporaryDirectory() as scratch:
        file = Path(scratch) / DATABASE
        with duckdb.connect(config={"python_enable_replacements": False}) as connection:
            connection.execute(f"attach {quoting.text(str(file))} as views (storage_version '{STORAGE}')")
            connection.execute("use views")
            connection.execute("begin")  # one flush to the disk instead of one per statement
            create_root(connection, workspace.folder)
            write_runs(connection, workspace)
            for table in VIEWS:
                _create_view(connection, workspace, table, Path(scratch) / "stand_in")
            create_macros(connection)
            connection.execute("commit")
            connection.execute("use memory")
            connection.execute("detach views")
        return file.read_bytes()


def _create_view(connection: duckdb.DuckDBPyConnection, workspace: Workspace, table: Table, stand_in: Path) -> None:
    """Create a view. DuckDB opens the files of a new view, so these are empty stand-ins with the same columns."""
    runs = [run for dataset in parts(table) if (run := workspace.manifest(dataset))]
    files = [below(run.dataset, file.path) for run in runs for file in run.files if file.path.endswith(SUFFIX)]
    empty = stand_in / f"{table.name}{SUFFIX}"
    empty.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table.columns.empty_table(), empty)
    for file in files:
        link = stand_in / file
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(empty)
    connection.execute(f"set variable {VARIABLE} = {quoting.text(str(stand_in))}")
    rows = _select(table, files) if files else _empty(connection, table, empty)
    connection.execute(f"create view {quoting.name(table.name)} as {rows}")
    _describe(connection, table, published=bool(runs))


def _select(table: Table, files: list[str]) -> str:
    listed = ", ".join(quoting.text(file) for file in files)
    paths = f"list_transform([{listed}], lambda file: root() || file)"
    if table.name not in BY_SPLIT:
        return f"select * from read_parquet({paths})"
    split = rf"regexp_extract(filename, '^.*[/\\]{table.name}[/\\](train|validation|test)[/\\]', 1)"
    return f"select * exclude (filename), {split} as split from read_parquet({paths}, filename = true)"


def _empty(connection: duckdb.DuckDBPyConnection, table: Table, empty: Path) -> str:
    described = connection.execute(f"describe from read_parquet({quoting.text(str(empty))})").fetchall()
    kinds = [f"cast(null as {kind}) as {quoting.name(column)}" for column, kind, *_ in described]
    kinds += ["cast(null as varchar) as split"] if table.name in BY_SPLIT else []
    return f"select {', '.join(kinds)} where false"


def _describe(connection: duckdb.DuckDBPyConnection, table: Table, *, published: bool) -> None:
    view = quoting.name(table.name)
    grain = f"one row: {table.grain}" if published else f"not published yet: made by {table.made_by}; one row: {table.grain}"
    connection.execute(f"comment on view {view} is {quoting.text(grain)}")
    for column in table.columns:
        about = quoting.text(column.metadata[b"about"].decode())
        connection.execute(f"comment on column {view}.{quoting.name(column.name)} is {about}")
    if table.name in BY_SPLIT:
        connection.execute(f"comment on column {view}.split is 'train, validation or test; from the path of the file'")
