"""Two small tables of the database with the contents of the manifests: `runs` and `dropped`."""

import json
from collections.abc import Iterator

import duckdb

from pipelines.workspace.duckdb import quoting
from pipelines.workspace.duckdb.datasets import IN_ORDER
from pipelines.workspace.manifest import Manifest
from pipelines.workspace.run_folder import folder_of
from pipelines.workspace.workspace import Workspace

RUNS = {
    "place": ("integer", "index of the dataset in the order in which the jobs make them, from 1"),
    "dataset": ("varchar", "folder below the workspace"),
    "run_id": ("varchar", "hash of inputs, settings and code"),
    "fingerprint": ("varchar", "hash of the rows, as it appears in `inputs` of other runs"),
    "folder": ("varchar", "folder of its files, below the workspace"),
    "rows_in": ("bigint", "input rows; null: the step creates rows instead of filtering them"),
    "rows_out": ("bigint", "rows written"),
    "files": ("bigint", "files written"),
    "size_bytes": ("bigint", "total size of the files"),
    "seconds": ("double", "duration of the step"),
    "published_at": ("timestamptz", "publication time"),
    "code": ("varchar", "fingerprint of the step's source"),
    "inputs": ("map(varchar, varchar)", "fingerprints of the inputs, by dataset or file"),
    "settings": ("json", "settings of its steps"),
    "versions": ("map(varchar, varchar)", "versions of packages"),
    "report": ("json", "further results of the step"),
}
DROPPED = {
    "place": ("integer", "as in runs"),
    "dataset": ("varchar", "dataset whose step dropped the rows"),
    "reason": ("varchar", "reason"),
    "rows": ("bigint", "number of rows"),
}
TAKEN = "taken"
"""Key of a step's report with counts of candidates that never became rows."""


def write_runs(connection: duckdb.DuckDBPyConnection, workspace: Workspace) -> None:
    """Create and fill both tables."""
    runs = list(published(workspace))
    _create(connection, "runs", "a published dataset and its current run", RUNS)
    _create(connection, "dropped", "a dataset, a reason, and the rows that its step dropped for it", DROPPED)
    # One row per statement: several rows in one are no faster in DuckDB's Python client.
    for place, run in runs:
        connection.execute(f"insert into runs values ({', '.join('?' * len(RUNS))})", _row(place, run))
        for reason, rows in (run.counts.dropped | run.report.get(TAKEN, {})).items():
            connection.execute("insert into dropped values (?, ?, ?, ?)", [place, run.dataset, reason, rows])


def published(workspace: Workspace) -> Iterator[tuple[int, Manifest]]:
    """Yield each published dataset's place in the order of the jobs, and its current run."""
    for place, dataset in enumerate(IN_ORDER, 1):
        run = workspace.manifest(dataset)
        if run is not None:
            yield place, run


def _row(place: int, run: Manifest) -> list[object]:
    size = sum(file.size_bytes for file in run.files)
    counts = [run.counts.rows_in, run.counts.rows_out, len(run.files), size]
    details = [_json(run.settings), run.versions, _json(run.report)]
    return [
        place,
        run.dataset,
        run.run_id,
        run.fingerprint,
        folder_of(run),
        *counts,
        run.seconds,
        run.published_at,
        run.code,
        run.inputs,
        *details,
    ]


def _json(tree: object) -> str:
    return json.dumps(tree, ensure_ascii=False, default=str)


def _create(connection: duckdb.DuckDBPyConnection, name: str, grain: str, columns: dict[str, tuple[str, str]]) -> None:
    listed = ", ".join(f"{quoting.name(column)} {kind}" for column, (kind, _) in columns.items())
    connection.execute(f"create table {name} ({listed})")
    connection.execute(f"comment on table {name} is {quoting.text('one row: ' + grain)}")
    for column, (_, about) in columns.items():
        connection.execute(f"comment on column {name}.{quoting.name(column)} is {quoting.text(about)}")
