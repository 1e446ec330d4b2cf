"""Runs SQL over the published files of a workspace with DuckDB: streamed, in bounded memory, on any file system."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from tempfile import TemporaryDirectory
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.dataset as ds
from pyarrow import fs

from pipelines.workspace.filesystem import open_filesystem
from pipelines.workspace.manifest import Manifest
from pipelines.workspace.workspace import Workspace
from schemas.datasets import POSITIVES
from schemas.errors import DataError
from schemas.relations import VARIANTS

Row = dict[str, Any]
DAMAGED = (duckdb.IOException, duckdb.InvalidInputException, duckdb.SerializationException, pa.ArrowInvalid, OSError)
REPAIR = "if it is damaged, delete that dataset's _current.json and run the job that makes it again"


class Reader:
    """The datasets of a workspace as views, each created on first use. Open it with `reading`."""

    def __init__(self, workspace: Workspace, connection: duckdb.DuckDBPyConnection) -> None:
        """Store workspace and connection; reads nothing."""
        self.workspace = workspace
        self._connection = connection
        self._views: set[str] = set()

    def manifest(self, dataset: str) -> Manifest | None:
        """Return the dataset's published run; None if there is none."""
        return self.workspace.manifest(dataset)

    def has(self, dataset: str) -> bool:
        """Whether the dataset is published and has rows."""
        run = self.manifest(dataset)
        return run is not None and run.counts.rows_out > 0

    def pairs(self) -> tuple[str, list[str]]:
        """Return the relation to select pairs from (positives, and variants if there are any), and the datasets it reads.

        A variant has neither component nor split.
        """
        if not self.has(VARIANTS.name):
            return POSITIVES.name, [POSITIVES.name]
        both = [POSITIVES.name, VARIANTS.name]
        return f"(from {both[0]} union all by name from {both[1]})", both

    def rows(self, query: str, datasets: Sequence[str], values: Mapping[str, Any] | None = None) -> list[Row]:
        """Run a query and return its rows.

        Args:
            query: DuckDB's SQL with $names; must end in an unambiguous `order by`, or the page would change from run
                to run. The view of a dataset "mined/x" is mined_x.
            datasets: the datasets that it reads; must be published.
            values: values of the $names.

        Raises:
            DataError: a file is damaged, or the memory limit is too low.
        """
        try:
            for name in datasets:
                self._view(name)
            return self._connection.sql(query, params=dict(values or {})).to_arrow_table().to_pylist()
        except duckdb.OutOfMemoryException as error:
            raise DataError(f"report: {error}; raise the limit: --set memory_mb=8192") from None
        except DAMAGED as error:
            where = ", ".join(f"{self.workspace.folder.uri}/{name}" for name in datasets)
            raise DataError(f"{where}: a file cannot be read ({str(error).splitlines()[0]}); {REPAIR}") from None

    def register(self, name: str, table: pa.Table) -> None:
        """Register an Arrow table as a view."""
        self._connection.register(name, table)
        self._views.add(name)

    def _view(self, dataset: str) -> None:
        if dataset in self._views:
            return
        name, opened = dataset.replace("/", "_"), [open_filesystem(uri) for uri in self.workspace.files(dataset)]
        system, paths = opened[0][0], [path for _, path in opened]
        if isinstance(system, fs.LocalFileSystem):
            listed = ", ".join("'" + path.replace("'", "''") + "'" for path in paths)
            self._connection.execute(f"create view {name} as select * from read_parquet([{listed}])")
        else:
            self._connection.register(name, ds.dataset(paths, filesystem=system, format="parquet"))
        self._views.add(dataset)


@contextmanager
def reading(workspace: Workspace, memory_mb: int) -> Iterator[Reader]:
    """Open a reader, with a temporary folder for data that does not fit in its memory."""
    with TemporaryDirectory() as scratch, duckdb.connect() as connection:
        connection.execute(f"set memory_limit = '{memory_mb}MB'")
        connection.execute("set temp_directory = $folder", {"folder": scratch})
        connection.execute("set preserve_insertion_order = false")
        connection.execute("set enable_progress_bar = false")
        yield Reader(workspace, connection)
