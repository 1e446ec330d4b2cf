"""Opens a workspace's views from Python, on any file system, or writes them to a file for the `duckdb` program."""

from pathlib import Path

import duckdb
from pyarrow import fs

from pipelines.workspace.duckdb.run_tables import published
from pipelines.workspace.duckdb.views import database
from pipelines.workspace.duckdb.workspace_path import as_duckdb
from pipelines.workspace.filesystem import open_filesystem
from pipelines.workspace.workspace import Workspace
from schemas.errors import DataError


def local_views(workspace: Workspace, file: Path) -> None:
    """Write the views of a workspace, local or remote, as a database on this machine.

    Raises:
        DataError: nothing has been published there.
    """
    if next(published(workspace), None) is None:
        raise DataError(f"{workspace.folder.uri}: no dataset has been published; run jobs/mine_pairs.py first")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(database(workspace))


def connect(workspace: Workspace, file: Path) -> duckdb.DuckDBPyConnection:
    """Connect to a file of views of this workspace; DuckDB can then read all file systems of pyarrow and fsspec.

    Raises:
        DataError: the workspace is not local, and fsspec is not installed.
    """
    connection = duckdb.connect(str(file), read_only=True, config={"python_enable_replacements": False})
    connection.execute("set variable workspace = ?", [as_duckdb(workspace.folder.uri)])
    system, _ = open_filesystem(workspace.folder.uri)
    if not isinstance(system, fs.LocalFileSystem):
        register_filesystem(connection, system, as_duckdb(workspace.folder.uri).split("://", 1)[0])
    return connection


def register_filesystem(connection: duckdb.DuckDBPyConnection, system: fs.FileSystem, scheme: str) -> None:
    """Register an open file system with DuckDB under `scheme://`, with its credentials; no extension is downloaded.

    Raises:
        DataError: fsspec is not installed.
    """
    try:
        from fsspec.implementations.arrow import ArrowFSWrapper
    except ImportError:
        raise DataError(f"SQL over {scheme}:// needs the package fsspec: pip install fsspec") from None
    if isinstance(system, fs.PyFileSystem) and isinstance(system.handler, fs.FSSpecHandler):
        connection.register_filesystem(system.handler.fs)
        return
    wrapper = type("NamedFileSystem", (ArrowFSWrapper,), {"protocol": scheme})
    connection.register_filesystem(wrapper(system))
