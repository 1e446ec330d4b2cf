"""Links in a dataset's folder on a disk to the files of the current run, so that programs that read the folder read only them.

The files themselves are in `_history` (`run_folder`). Each file is replaced atomically. A name contains the split, or
`training`, so that `datasets.load_dataset("parquet", data_dir=...)` loads the rows and not the manifest. Files that are not
rows are in a folder with a dot, which pandas, pyarrow and datasets skip.
"""

import os
import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from pipelines.workspace.filesystem import Folder, absolute, sync
from pipelines.workspace.manifest import DataFile, Manifest, below
from pipelines.workspace.progress_line import log_progress
from pipelines.workspace.run_folder import OLDER, folder_of, in_history, new_run
from schemas.shards import BESIDE, SPLITS

OWN_NAMES = re.compile(
    r"_current\.json\.\d+\.tmp|(?:\w+/)?(?:part-\d{5,}\.\w+\.parquet|\d{5,}-\d+\.parquet|\..+\.\d+\.tmp)"
    rf"|{re.escape(BESIDE)}/(?:part-\d{{5,}}\.\w+\.pictures\.arrow|\..+\.\d+\.tmp)"
)
"""Names that this module creates below the dataset's folder; other files are left alone."""
OLDER_CHUNKS = "_chunks"
"""Folder below the dataset's: unfinished work of a killed job of the previous version."""


def link_run(workspace: Folder, run: Manifest) -> None:
    """Link the files of a run in the dataset's folder, and remove links to other runs. Idempotent."""
    top = Path(absolute(workspace.uri))
    dataset, links = top / run.dataset, names(run)
    try:
        for name, file in links.items():
            _link(dataset / name, top / file)
    except OSError as error:
        log_progress(
            f"{dataset}: cannot create links to its files ({error}); read it through its manifest or the views, not as a folder"
        )
        links = {}
    for stale in [dataset / name for name in _own_files(dataset) if name not in links]:
        stale.unlink()
        if stale.parent != dataset:
            _remove_empty(stale.parent)
    shutil.rmtree(dataset / OLDER_CHUNKS, ignore_errors=True)
    _remove_empty(dataset / OLDER)
    sync(dataset)


def names(run: Manifest) -> dict[str, str]:
    """Map the name of each link in the dataset's folder to its file's path below the workspace."""
    last = run.dataset.rpartition("/")[2]
    label = last if last in SPLITS else "training"
    links = {_name(run, file, f"part-{n:05}.{label}.parquet"): file for n, file in enumerate(run.files)}
    links |= {f"{BESIDE}/part-{n:05}.{label}{_ending(file)}": file for n, file in enumerate(run.beside)}
    return {name: below(run.dataset, file.path) for name, file in links.items()}


def sync_run(workspace: Folder, run: Manifest) -> None:
    """Flush the files of a run, and the folders above them, to the disk."""
    top = Path(absolute(workspace.uri))
    files = [top / below(run.dataset, file.path) for file in (*run.files, *run.beside)]
    folders = {parent for file in files for parent in file.parents if parent.is_relative_to(top)}
    for path in (*files, *sorted(folders, key=lambda path: -len(path.parts))):
        if path.exists():
            sync(path)


def move_older(workspace: Folder, run: Manifest | None) -> None:
    """Move a run of the previous layout from the dataset's folder to `_history`."""
    folder = folder_of(run) if run else ""
    top = Path(absolute(workspace.uri))
    if in_history(folder) != folder and (top / folder).exists():
        (top / in_history(folder)).parent.mkdir(parents=True, exist_ok=True)
        os.replace(top / folder, top / in_history(folder))


def adopted(workspace: Folder, run: Manifest) -> Manifest:
    """Convert a run of the previous layout: links the same files in a folder of `_history`."""
    target, old = new_run(workspace, run.dataset, run.run_id), folder_of(run)
    top = Path(absolute(workspace.uri))

    def moved(file: DataFile) -> DataFile:
        name = below(run.dataset, file.path)[len(old) + 1 :]
        _link(Path(absolute(target.folder.uri)) / name, top / old / name)
        return replace(file, path=f"{target.path}/{name}")

    return replace(run, files=[moved(file) for file in run.files], beside=[moved(file) for file in run.beside])


def _name(run: Manifest, file: DataFile, name: str) -> str:
    """Number the files of one table; files in subfolders have rows of another schema each and keep their paths."""
    folder = folder_of(run)
    inner = below(run.dataset, file.path)[len(folder) + 1 :]
    return inner if folder and "/" in inner else name


def _ending(file: DataFile) -> str:
    return "." + file.path.rpartition("/")[2].partition(".")[2]


def _link(name: Path, file: Path) -> None:
    """Create a hard link to a file, or a symbolic link if the file system has no hard links."""
    if name.exists() and os.path.samefile(name, file):
        return
    name.parent.mkdir(parents=True, exist_ok=True)
    unfinished = name.with_name(f".{name.name}.{os.getpid()}.tmp")
    unfinished.unlink(missing_ok=True)
    try:
        os.link(file, unfinished)
    except FileNotFoundError:
        raise
    except OSError:
        os.symlink(os.path.relpath(file.resolve(), name.parent.resolve()), unfinished)
    os.replace(unfinished, name)


def _own_files(dataset: Path) -> Iterator[str]:
    for path in (*dataset.glob("*"), *dataset.glob("*/*")):
        name = path.relative_to(dataset).as_posix()
        if OWN_NAMES.fullmatch(name) and not path.is_dir():
            yield name


def _remove_empty(path: Path) -> None:
    try:
        path.rmdir()
    except OSError:
        return
