"""A workspace: which datasets stand in it, and which files are theirs now."""

from pipelines.workspace.files import Folder
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
        """The URIs of a dataset's current files, in the order of its rows."""
        return [f"{self.folder.uri}/{dataset}/{file.path}" for file in self.published(dataset).files]

    def publish(self, manifest: Manifest) -> None:
        """Make a finished run the current one; of the earlier runs the last is kept for readers that are at it."""
        dataset = self.folder / manifest.dataset
        before = self.manifest(manifest.dataset)
        dataset.write(CURRENT, manifest.to_json())
        keep = {manifest.run_id, before.run_id if before else ""}
        for run_id in (dataset / "runs").folders():
            if run_id not in keep:
                (dataset / "runs" / run_id).delete()
