"""A workspace: which datasets stand in it, and which files are theirs now."""

from dataclasses import replace

from pyarrow import fs

from pipelines.workspace import folder_links, run_folder
from pipelines.workspace.filesystem import Folder, open_filesystem
from pipelines.workspace.lock import check_lease
from pipelines.workspace.manifest import DataFile, Manifest, below
from schemas.errors import DataError

CURRENT = "_current.json"


class Workspace:
    """The folder that holds the datasets. A reader asks `_current.json` and nothing else."""

    def __init__(self, uri: str) -> None:
        """Name the workspace; nothing is read or made."""
        self.folder = Folder(uri)

    def manifest(self, dataset: str) -> Manifest | None:
        """The published run of a dataset, or None.

        Raises:
            DataError: the file is no manifest, or that of another dataset.
        """
        content = (self.folder / dataset).read(CURRENT)
        if content is None:
            return None
        where = f"{self.folder.uri}/{dataset}/{CURRENT}"
        found = Manifest.from_json(content, where)
        if found.dataset != dataset:
            raise DataError(
                f"{where}: the manifest of '{found.dataset}', expected '{dataset}'; delete the file to make it again"
            )
        return found

    def published(self, dataset: str) -> Manifest:
        """The published run of a dataset.

        Raises:
            DataError: there is none.
        """
        found = self.manifest(dataset)
        if found is None:
            raise DataError(f"{self.folder.uri}: no dataset '{dataset}' has been published; run the job that makes it first")
        return found

    def uri(self, run: Manifest, file: DataFile) -> str:
        """Where a file of a run lies."""
        return f"{self.folder.uri.rstrip('/')}/{below(run.dataset, file.path)}"

    def files(self, dataset: str) -> list[str]:
        """The URIs of a dataset's current files, in the order of its rows.

        Raises:
            DataError: one is missing, or not as long as its manifest says.
        """
        run = self.published(dataset)
        broken = self._broken(run)
        if broken:
            raise DataError(f"{broken[0]}; run jobs that make '{dataset}' again: they make it anew")
        return [self.uri(run, file) for file in run.files]

    def whole(self, dataset: str) -> Manifest | None:
        """The published run of a dataset, or None where there is none whose files are all there and as long as it says."""
        run = self.manifest(dataset)
        return None if run is None or self._broken(run) else run

    def _broken(self, run: Manifest) -> list[str]:
        """What is wrong with the files of a run by a look at their sizes: one request for all of them."""
        system, path = open_filesystem(self.folder.uri)
        files = [*run.files, *run.beside]
        found = system.get_file_info([f"{path}/{below(run.dataset, file.path)}" for file in files])
        return [
            f"{info.path}: {_size(info)}, its manifest says {file.size_bytes} bytes"
            for file, info in zip(files, found, strict=True)
            if info.size != file.size_bytes
        ]

    def new_run(self, dataset: str, run_id: str) -> run_folder.Run:
        """A folder for a run that is about to be written; what killed jobs have left of this dataset makes room.

        Raises:
            DataError: another job has taken the workspace over.
        """
        self._keep(self.manifest(dataset), dataset)
        return run_folder.new_run(self.folder, dataset, run_id)

    def publish(self, manifest: Manifest) -> None:
        """Make a finished run the current one; of the earlier runs the last is kept for readers that are at it.

        On a disk its files are safe from a power cut before the manifest names them, and the dataset's folder then holds
        them and no others. Killed at any instant, one of the two runs is published, whole; `settle` does the rest.

        Raises:
            DataError: another job has taken the workspace over, or the store does not answer.
        """
        local = self.folder.is_local()
        check_lease(self.folder)  # waits for a store that does not answer
        if local:
            folder_links.sync_run(self.folder, manifest)
        before = self.manifest(manifest.dataset)
        if before is not None:
            last = run_folder.in_history(run_folder.folder_of(before)) if local else run_folder.folder_of(before)
            manifest = replace(manifest, replaced=last if last != run_folder.folder_of(manifest) else before.replaced)
        check_lease(self.folder)  # as late as can be
        (self.folder / manifest.dataset).write(CURRENT, manifest.to_json())
        if local:
            folder_links.move_older(self.folder, before)
            folder_links.link_run(self.folder, manifest)
        self._keep(manifest, manifest.dataset)

    def settle(self, dataset: str) -> None:
        """Put a dataset's folder right where a job was killed while it published, or where it is of the older layout."""
        run = self.whole(dataset)
        if run is None or not self.folder.is_local():
            return
        if run_folder.in_history(run_folder.folder_of(run)) != run_folder.folder_of(run):
            self.publish(folder_links.adopted(self.folder, run))
        else:
            folder_links.link_run(self.folder, run)

    def _keep(self, run: Manifest | None, dataset: str) -> None:
        """Delete all runs of a dataset but the current one and the one before it."""
        kept = (run_folder.folder_of(run), run.replaced) if run else ()
        found = [(root, name) for root in run_folder.roots(dataset) for name in (self.folder / root).folders()]
        check_lease(self.folder)  # after the look: what was there while the workspace was ours is no other job's
        for root, name in found:
            if f"{root}/{name}" not in kept and not name.startswith("_"):
                (self.folder / root / name).delete()


def _size(info: fs.FileInfo) -> str:
    return "not there" if info.type == fs.FileType.NotFound else f"{info.size} bytes"
