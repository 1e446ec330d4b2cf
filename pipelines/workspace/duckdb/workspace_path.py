"""Locates the workspace of a database of views: the folder that the database file is in, even after both are moved.

DuckDB resolves relative paths against the process's working directory, and a table function cannot ask for the database's
path. It can ask for a setting, and `temp_directory` defaults to the path of the opened database plus ".tmp". So a view's paths
begin with the macro `root()`, which is evaluated when the view is read
(docs/explanation/decisions/0015-a-database-that-can-be-moved.md).
"""

import duckdb

from pipelines.workspace.duckdb import quoting
from pipelines.workspace.filesystem import Folder, absolute

DATABASE = "workspace.duckdb"
VARIABLE = "workspace"
"""`set variable workspace = '/path/to/workspace'` overrides all else."""


def create_root(connection: duckdb.DuckDBPyConnection, folder: Folder) -> None:
    """Create the macro `root()`: the workspace's folder, with a trailing slash."""
    by_variable = f"rtrim(getvariable({quoting.text(VARIABLE)}), '/') || '/'"
    original = quoting.text(as_duckdb(folder.uri))
    beside = f"regexp_extract(current_setting('temp_directory'), {quoting.text(_BESIDE)}, 1)"
    moved = f"case when regexp_matches(current_setting('temp_directory'), {quoting.text(_BESIDE)}) then {beside} end"
    places = [by_variable, moved, original] if folder.is_local() else [by_variable, original]
    connection.execute(f"create macro root() as coalesce({', '.join(places)})")
    connection.execute("comment on macro root is 'the folder of the workspace, with a trailing slash'")


def as_duckdb(uri: str) -> str:
    """Convert a folder's URI to DuckDB's form, with a trailing slash."""
    return absolute(uri).replace("s3a://", "s3://", 1).rstrip("/") + "/"


_BESIDE = r"^(.*[/\\])?workspace\.duckdb\.tmp$"
