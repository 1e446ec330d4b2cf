"""What a job that was killed while it published has left undone: links in the datasets' folders, the database of views."""

import tempfile
from collections.abc import Sequence
from pathlib import Path

import duckdb

from pipelines.workspace.duckdb.run_tables import published
from pipelines.workspace.duckdb.views import write_views
from pipelines.workspace.duckdb.workspace_path import DATABASE
from pipelines.workspace.run_folder import folder_of
from pipelines.workspace.workspace import Workspace
from schemas.table import Table


def settle(workspace: Workspace, tables: Sequence[Table], *, views: bool) -> None:
    """Do it now.

    Args:
        workspace: where the job publishes.
        tables: those that stand there and are not made again.
        views: whether to look at the views, too: a job does once, it writes them itself whenever it publishes.

    Cost: on a disk a look at the files' names; with `views`, a small file a dataset and the database of views.
    """
    for table in tables:
        workspace.settle(table.name)
    if views and _outdated(workspace):
        write_views(workspace)


def _outdated(workspace: Workspace) -> bool:
    """Whether the database of views shows other runs than the published ones, or cannot be read."""
    wanted = {(run.dataset, run.run_id, folder_of(run)) for _, run in published(workspace)}
    if not wanted:
        return False
    content = workspace.folder.read(DATABASE)
    with tempfile.TemporaryDirectory() as scratch:
        file = Path(scratch) / DATABASE
        file.write_bytes(content or b"")
        try:
            with duckdb.connect(str(file), read_only=True) as connection:
                found = connection.sql("select dataset, run_id, folder from runs").fetchall()
        except duckdb.Error:
            return True
    return set(found) != wanted
