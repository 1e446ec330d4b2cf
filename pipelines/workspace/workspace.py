"""A workspace: which datasets stand in it, and which files are theirs now."""

from pyarrow import fs

from pipelines.workspace.files import Folder, open_filesystem
from pipelines.workspace.manifest import Manifest
from schemas.errors import DataError

CURRENT = "_current.json"


class Workspace:
    """The folder that holds the datasets. A reader asks `_current.json` and nothing else."""

    def __init__(self, uri: str) -> None:
        """Name the workspace; nothing is read or made."""
        self.folder = Folder(uri)

    def manifest(self, dataset: str) -> Manifest | None:
        """The published run of a dataset, or None."""
        content = (self.folder / dataset).read(CURRENT)
        if content is None:
            return None
        return Manifest.from_json(content, f"{self.folder.uri}/{dataset}/{CURRENT}")

    def published(self, dataset: str) -> Manifest:
        """The published run of a dataset.

        Raises:
            DataError: there is none.
        """
        found = self.manifest(dataset)
        if found is None:
            raise DataError(f"{self.folder.uri}: no dataset '{dataset}' has been published; run the job that makes it first")
        return found

    def files(self, dataset: str) -> list[str]:
        """The URIs of a dataset's current files, in the order of its rows.

        Raises:
            DataError: one is missing, or not as long as its manifest says.
        """
        run = self.published(dataset)
        broken = self._broken(run)
        if broken:
            raise DataError(f"{broken[0]}; run jobs that make '{dataset}' again: they make it anew")
        return [f"{self.folder.uri}/{dataset}/{file.path}" for file in run.files]

    def whole(self, dataset: str) -> Manifest | None:
        """The published run of a dataset, or None where there is none whose files are all there and as long as it says."""
        run = self.manifest(dataset)
        return None if run is None or self._broken(run) else run

    def _broken(self, run: Manifest) -> list[str]:
        """What is wrong with the files of a run by a look at their sizes: one request for all of them."""
        system, path = open_filesystem(f"{self.folder.uri}/{run.dataset}")
        files = [*run.files, *run.beside]
        found = system.get_file_info([f"{path}/{file.path}" for file in files])
        return [
            f"{info.path}: {_size(info)}, its manifest says {file.size_bytes} bytes"
            for file, info in zip(files, found, strict=True)
            if info.size != file.size_bytes
        ]

    def publish(self, manifest: Manifest) -> None:
        """Make a finished run the current one; of the earlier runs the last is kept for readers that are at it."""
        dataset = self.folder / manifest.dataset
        before = self.manifest(manifest.dataset)
        dataset.write(CURRENT, manifest.to_json())
        keep = {manifest.run_id, before.run_id if before else ""}
        for run_id in (dataset / "runs").folders():
            if run_id not in keep:
                (dataset / "runs" / run_id).delete()


def _size(info: fs.FileInfo) -> str:
    return "not there" if info.type == fs.FileType.NotFound else f"{info.size} bytes"
