"""A workspace: its published datasets and their current files."""

from dataclasses import replace

from pyarrow import fs

from pipelines.workspace import folder_links, run_folder
from pipelines.workspace.filesystem import Folder, open_filesystem
from pipelines.workspace.lock import check_lease
from pipelines.workspace.manifest import DataFile, Manifest, below
from schemas.errors import DataError

CURRENT = "_current.json"


class Workspace:
    """The folder of all datasets. Readers find files through `_current.json` only."""

    def __init__(self, uri: str) -> None:
        """Store the URI; reads and creates nothing."""
        self.folder = Folder(uri)

    def manifest(self, dataset: str) -> Manifest | None:
        """Read the published run of a dataset; None if there is none.

        Raises:
            DataError: the file is not a manifest, or belongs to another dataset.
        """
        content = (self.folder / dataset).read(CURRENT)
        if content is None:
            return None
        where = f"{self.folder.uri}/{dataset}/{CURRENT}"
        run = Manifest.from_json(content, where)
        if run.dataset != dataset:
            raise DataError(
                f"{where}: expected the manifest of '{dataset}', got '{run.dataset}'; delete the file and run its job again"
            )
        return run

    def published(self, dataset: str) -> Manifest:
        """Read the published run of a dataset.

        Raises:
            DataError: the dataset has not been published.
        """
        run = self.manifest(dataset)
        if run is None:
            raise DataError(f"{self.folder.uri}: no dataset '{dataset}' has been published; run the job that makes it first")
        return run

    def uri(self, run: Manifest, file: DataFile) -> str:
        """Return the URI of a run's file."""
        return f"{self.folder.uri.rstrip('/')}/{below(run.dataset, file.path)}"

    def files(self, dataset: str) -> list[str]:
        """List the URIs of a dataset's current files, in the order of its rows.

        Raises:
            DataError: a file is missing, or its size differs from the manifest's.
        """
        run = self.published(dataset)
        broken = self._broken(run)
        if broken:
            raise DataError(f"{broken[0]}; run the job that makes '{dataset}' again")
        return [self.uri(run, file) for file in run.files]

    def whole(self, dataset: str) -> Manifest | None:
        """Read the published run of a dataset; None if it has none, or if a file is missing or of another size."""
        run = self.manifest(dataset)
        return None if run is None or self._broken(run) else run

    def _broken(self, run: Manifest) -> list[str]:
        """Describe files of a run that are missing or of another size; one request for all."""
        system, path = open_filesystem(self.folder.uri)
        files = [*run.files, *run.beside]
        infos = system.get_file_info([f"{path}/{below(run.dataset, file.path)}" for file in files])
        return [
            f"{info.path}: {_size(info)}, expected {file.size_bytes} bytes"
            for file, info in zip(files, infos, strict=True)
            if info.size != file.size_bytes
        ]

    def new_run(self, dataset: str, run_id: str) -> run_folder.Run:
        """Create a folder for a new run, after deleting unpublished runs that killed jobs left of this dataset.

        Raises:
            DataError: another job has taken over the workspace.
        """
        self._delete_old_runs(self.manifest(dataset), dataset)
        return run_folder.new_run(self.folder, dataset, run_id)

    def publish(self, manifest: Manifest) -> None:
        """Make a finished run the current one; keeps the previous run for readers that have it open.

        On a disk its files are synced before the manifest names them, and the dataset's folder then links to
        them and no others. After a kill at any instant one of the two runs is published, complete; `settle` finishes the rest.

        Raises:
            DataError: another job has taken the workspace over, or the store does not answer.
        """
        local = self.folder.is_local()
        check_lease(self.folder)  # waits for the store to answer
        if local:
            folder_links.sync_run(self.folder, manifest)
        before = self.manifest(manifest.dataset)
        if before is not None:
            last = run_folder.in_history(run_folder.folder_of(before)) if local else run_folder.folder_of(before)
            manifest = replace(manifest, replaced=last if last != run_folder.folder_of(manifest) else before.replaced)
        check_lease(self.folder)  # as late as possible
        (self.folder / manifest.dataset).write(CURRENT, manifest.to_json())
        if local:
            folder_links.move_older(self.folder, before)
            folder_links.link_run(self.folder, manifest)
        self._delete_old_runs(manifest, manifest.dataset)

    def settle(self, dataset: str) -> None:
        """Repair a dataset's folder after a job was killed while publishing, or convert it from the previous layout."""
        run = self.whole(dataset)
        if run is None or not self.folder.is_local():
            return
        if run_folder.in_history(run_folder.folder_of(run)) != run_folder.folder_of(run):
            self.publish(folder_links.adopted(self.folder, run))
        else:
            folder_links.link_run(self.folder, run)

    def _delete_old_runs(self, run: Manifest | None, dataset: str) -> None:
        """Delete all runs of a dataset except the current and the previous one."""
        kept = (run_folder.folder_of(run), run.replaced) if run else ()
        folders = [(root, name) for root in run_folder.roots(dataset) for name in (self.folder / root).folders()]
        check_lease(self.folder)  # after listing: folders listed while the workspace was ours belong to no other job
        for root, name in folders:
            if f"{root}/{name}" not in kept and not name.startswith("_"):
                (self.folder / root / name).delete()


def _size(info: fs.FileInfo) -> str:
    return "missing" if info.type == fs.FileType.NotFound else f"{info.size} bytes"
