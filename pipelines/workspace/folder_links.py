"""A dataset's folder on a disk: links to the files of the current run, so that whatever reads a folder reads that run alone.

The files themselves lie in `_history` (`place`). Single files are replaced at once; of several, each. A name says the split, or
`training`: so `datasets.load_dataset("parquet", data_dir=...)` takes the rows, and not the manifest beside them. What is no
row stands in a folder with a dot, which pandas, pyarrow and datasets leave out.
"""

import os
import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from pipelines.workspace.filesystem import Folder, absolute, sync
from pipelines.workspace.manifest import DataFile, Manifest, below
from pipelines.workspace.progress_line import say
from pipelines.workspace.run_folder import OLDER, folder_of, in_history, new_run
from schemas.shards import BESIDE, SPLITS

OURS = re.compile(
    r"_current\.json\.\d+\.tmp|(?:\w+/)?(?:part-\d{5,}\.\w+\.parquet|\d{5,}-\d+\.parquet|\..+\.\d+\.tmp)"
    rf"|{re.escape(BESIDE)}/(?:part-\d{{5,}}\.\w+\.pictures\.arrow|\..+\.\d+\.tmp)"
)
"""Names that were given here, below the dataset's folder; other files are not touched."""
OLDER_CHUNKS = "_chunks"
"""Below the dataset's folder: what a killed job of the version before this one had finished of its run."""


def link_run(workspace: Folder, run: Manifest) -> None:
    """Make the dataset's folder hold the files of a run and no others of ours. Calling it again does nothing."""
    top = Path(absolute(workspace.uri))
    dataset, wanted = top / run.dataset, names(run)
    try:
        for name, file in wanted.items():
            _link(dataset / name, top / file)
    except OSError as error:
        say(f"{dataset}: cannot hold links to its files ({error}); read it by its manifest or the views, not as a folder")
        wanted = {}
    for found in [dataset / name for name in _ours(dataset) if name not in wanted]:
        found.unlink()
        if found.parent != dataset:
            _remove_empty(found.parent)
    shutil.rmtree(dataset / OLDER_CHUNKS, ignore_errors=True)
    _remove_empty(dataset / OLDER)
    sync(dataset)


def names(run: Manifest) -> dict[str, str]:
    """What the dataset's folder holds: the name of each file there, and where the file lies below the workspace."""
    last = run.dataset.rpartition("/")[2]
    label = last if last in SPLITS else "training"
    found = {_name(run, file, f"part-{n:05}.{label}.parquet"): file for n, file in enumerate(run.files)}
    found |= {f"{BESIDE}/part-{n:05}.{label}{_ending(file)}": file for n, file in enumerate(run.beside)}
    return {name: below(run.dataset, file.path) for name, file in found.items()}


def sync_run(workspace: Folder, run: Manifest) -> None:
    """Wait until the files of a run, and the folders that lead to them, are safe from a power cut."""
    top = Path(absolute(workspace.uri))
    files = [top / below(run.dataset, file.path) for file in (*run.files, *run.beside)]
    folders = {parent for file in files for parent in file.parents if parent.is_relative_to(top)}
    for path in (*files, *sorted(folders, key=lambda path: -len(path.parts))):
        if path.exists():
            sync(path)


def move_older(workspace: Folder, run: Manifest | None) -> None:
    """Move a run of the older layout out of the dataset's folder."""
    found = folder_of(run) if run else ""
    top = Path(absolute(workspace.uri))
    if in_history(found) != found and (top / found).exists():
        (top / in_history(found)).parent.mkdir(parents=True, exist_ok=True)
        os.replace(top / found, top / in_history(found))


def adopted(workspace: Folder, run: Manifest) -> Manifest:
    """The run of an older layout as one of this: the same files, linked into a folder of `_history`."""
    place, old = new_run(workspace, run.dataset, run.run_id), folder_of(run)
    top = Path(absolute(workspace.uri))

    def moved(file: DataFile) -> DataFile:
        name = below(run.dataset, file.path)[len(old) + 1 :]
        _link(Path(absolute(place.folder.uri)) / name, top / old / name)
        return replace(file, path=f"{place.path}/{name}")

    return replace(run, files=[moved(file) for file in run.files], beside=[moved(file) for file in run.beside])


def _name(run: Manifest, file: DataFile, name: str) -> str:
    """Files of one table are numbered; those in folders of their own are rows of another shape each and stay there."""
    folder = folder_of(run)
    inner = below(run.dataset, file.path)[len(folder) + 1 :]
    return inner if folder and "/" in inner else name


def _ending(file: DataFile) -> str:
    return "." + file.path.rpartition("/")[2].partition(".")[2]


def _link(name: Path, file: Path) -> None:
    """Let a name stand for a file: a second name of it, or where the file system has none, a symbolic link."""
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


def _ours(dataset: Path) -> Iterator[str]:
    for path in (*dataset.glob("*"), *dataset.glob("*/*")):
        name = path.relative_to(dataset).as_posix()
        if OURS.fullmatch(name) and not path.is_dir():
            yield name


def _remove_empty(path: Path) -> None:
    try:
        path.rmdir()
    except OSError:
        return
