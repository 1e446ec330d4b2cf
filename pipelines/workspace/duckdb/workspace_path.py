"""Where a database of views finds its workspace: beside itself, wherever that has been moved to.

DuckDB resolves a relative path against the process's folder and lets no table function ask where a database lies. It does
let one ask for a setting, and `temp_directory` is by default the path of the opened database and ".tmp". So a view's paths
begin with the macro `root()`, evaluated whenever a view is read
(docs/explanation/decisions/0015-a-database-that-can-be-moved.md).
"""

import duckdb

from pipelines.workspace.duckdb import quoting
from pipelines.workspace.filesystem import Folder, absolute

DATABASE = "workspace.duckdb"
VARIABLE = "workspace"
"""`set variable workspace = '/where/it/lies'` beats all else."""


def create_root(connection: duckdb.DuckDBPyConnection, folder: Folder) -> None:
    """The macro `root()`: the workspace's folder, with a slash at its end."""
    given = f"rtrim(getvariable({quoting.text(VARIABLE)}), '/') || '/'"
    made = quoting.text(as_duckdb(folder.uri))
    beside = f"regexp_extract(current_setting('temp_directory'), {quoting.text(_BESIDE)}, 1)"
    moved = f"case when regexp_matches(current_setting('temp_directory'), {quoting.text(_BESIDE)}) then {beside} end"
    places = [given, moved, made] if folder.is_local() else [given, made]
    connection.execute(f"create macro root() as coalesce({', '.join(places)})")
    connection.execute("comment on macro root is 'the folder of the workspace, with a slash at its end'")


def as_duckdb(uri: str) -> str:
    """A folder's URI as DuckDB knows it, with a slash at its end."""
    return absolute(uri).replace("s3a://", "s3://", 1).rstrip("/") + "/"


_BESIDE = r"^(.*[/\\])?workspace\.duckdb\.tmp$"
