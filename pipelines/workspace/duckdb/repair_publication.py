"""Finishes publications of killed jobs: links in the datasets' folders, and the database of views."""

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
    """Repair the folders of published tables, and the views if they are outdated.

    Args:
        workspace: where the job publishes.
        tables: published tables that are up to date.
        views: whether to check the views too; once per job is enough, since it writes them whenever it publishes.

    Cost: on a disk one listing per dataset; with `views`, reads one small file per dataset and the database of views.
    """
    for table in tables:
        workspace.settle(table.name)
    if views and _outdated(workspace):
        write_views(workspace)


def _outdated(workspace: Workspace) -> bool:
    """Whether the database of views refers to runs other than the published ones, or cannot be read."""
    current = {(run.dataset, run.run_id, folder_of(run)) for _, run in published(workspace)}
    if not current:
        return False
    content = workspace.folder.read(DATABASE)
    with tempfile.TemporaryDirectory() as scratch:
        file = Path(scratch) / DATABASE
        file.write_bytes(content or b"")
        try:
            with duckdb.connect(str(file), read_only=True) as connection:
                listed = connection.sql("select dataset, run_id, folder from runs").fetchall()
        except duckdb.Error:
            return True
    return set(listed) != current
