"""Where the files of a run lie: in a folder of their own below the workspace's `_history`, on a disk and on a store.

    W/<dataset>/_current.json            the manifest of the current run
    W/<dataset>/part-00000.training.parquet   on a disk: the current run's rows, as links (`folder`)
    W/_history/<dataset>/<run>/          a run: the current one, the one before it, one that is being written

The folder of a run never gets a second content: whoever has its manifest, or a database of views over it, goes on reading
it while the next one is published. `_history` lies outside the datasets' folders, because DuckDB's `**` enters every folder.
"""

import posixpath
import uuid
from typing import NamedTuple

from pipelines.workspace.filesystem import Folder
from pipelines.workspace.manifest import Manifest, below

HISTORY = "_history"
OLDER = "runs"
"""Below the dataset's folder: where versions before this one kept their runs."""


class Run(NamedTuple):
    """The folder that a run is written to."""

    folder: Folder
    path: str
    """The folder as the dataset's manifest names it."""


def new_run(workspace: Folder, dataset: str, run_id: str) -> Run:
    """A folder that nobody has written to.

    A run that is made again has the same id, and may stand there damaged but published, or be in work by a job that does
    not know yet that it was replaced.
    """
    name = f"{HISTORY}/{dataset}/{run_id}-{uuid.uuid4().hex[:8]}"
    return Run(workspace / name, posixpath.relpath(name, dataset))


def folder_of(run: Manifest) -> str:
    """The folder that holds the files of a run, below the workspace; "" of a run without files."""
    for file in (*run.files, *run.beside):
        found = below(run.dataset, file.path)
        for root in roots(run.dataset):
            if found.startswith(f"{root}/"):
                return f"{root}/{found[len(root) + 1 :].split('/')[0]}"
    return ""


def in_history(run: str) -> str:
    """Where the folder of a run lies in this layout.

    >>> in_history("sft/train/runs/5a"), in_history("_history/notes/5a")
    ('_history/sft/train/5a', '_history/notes/5a')
    """
    dataset, older, name = run.rpartition(f"/{OLDER}/")
    return f"{HISTORY}/{dataset}/{name}" if older and not run.startswith(f"{HISTORY}/") else run


def roots(dataset: str) -> tuple[str, str]:
    """The folders below the workspace that hold a dataset's runs, of this layout and the one before."""
    return f"{HISTORY}/{dataset}", f"{dataset}/{OLDER}"
