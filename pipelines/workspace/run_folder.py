"""Folders of runs: each run has its own below the workspace's `_history`, on a disk and in a store.

    W/<dataset>/_current.json            the manifest of the current run
    W/<dataset>/part-00000.training.parquet   on a disk: the current run's rows, as links (`folder_links`)
    W/_history/<dataset>/<run>/          a run: the current one, the previous one, or one being written

The contents of a run's folder never change: a reader with its manifest, or with a database of views over it, can keep reading
while the next one is published. `_history` is outside the datasets' folders, because DuckDB's `**` enters every folder.
"""

import posixpath
import uuid
from typing import NamedTuple

from pipelines.workspace.filesystem import Folder
from pipelines.workspace.manifest import Manifest, below

HISTORY = "_history"
OLDER = "runs"
"""Folder below the dataset's, where previous versions kept their runs."""


class Run(NamedTuple):
    """The folder that a run is written to."""

    folder: Folder
    path: str
    """The folder's path in the dataset's manifest."""


def new_run(workspace: Folder, dataset: str, run_id: str) -> Run:
    """Create the name of a folder that nothing has written to.

    A repeated run has the same id, and its folder may be published but damaged, or still in use by a job that
    has not yet noticed that it was replaced.
    """
    name = f"{HISTORY}/{dataset}/{run_id}-{uuid.uuid4().hex[:8]}"
    return Run(workspace / name, posixpath.relpath(name, dataset))


def folder_of(run: Manifest) -> str:
    """Return the folder of a run's files, below the workspace; "" for a run without files."""
    for file in (*run.files, *run.beside):
        path = below(run.dataset, file.path)
        for root in roots(run.dataset):
            if path.startswith(f"{root}/"):
                return f"{root}/{path[len(root) + 1 :].split('/')[0]}"
    return ""


def in_history(run: str) -> str:
    """Convert a run's folder to the current layout.

    >>> in_history("sft/train/runs/5a"), in_history("_history/notes/5a")
    ('_history/sft/train/5a', '_history/notes/5a')
    """
    dataset, older, name = run.rpartition(f"/{OLDER}/")
    return f"{HISTORY}/{dataset}/{name}" if older and not run.startswith(f"{HISTORY}/") else run


def roots(dataset: str) -> tuple[str, str]:
    """Folders of a dataset's runs below the workspace, in the current and in the previous layout."""
    return f"{HISTORY}/{dataset}", f"{dataset}/{OLDER}"
