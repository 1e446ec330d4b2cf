"""What the manifests say, as two small tables of the database: `runs` and `dropped`."""

import json
from collections.abc import Iterator

import duckdb

from pipelines.workspace.duckdb import quoting
from pipelines.workspace.duckdb.datasets import IN_ORDER
from pipelines.workspace.manifest import Manifest
from pipelines.workspace.run_folder import folder_of
from pipelines.workspace.workspace import Workspace

RUNS = {
    "place": ("integer", "of the dataset in the order in which the jobs make them, from 1"),
    "dataset": ("varchar", "the folder below the workspace"),
    "run_id": ("varchar", "a hash of inputs, settings and code"),
    "fingerprint": ("varchar", "a hash of the rows, as `inputs` of other runs name it"),
    "folder": ("varchar", "where its files lie, below the workspace"),
    "rows_in": ("bigint", "rows that the step was given; null: it makes rows, it does not pass them on"),
    "rows_out": ("bigint", "rows written"),
    "files": ("bigint", "files written"),
    "size_bytes": ("bigint", "of the files"),
    "seconds": ("double", "that the step took"),
    "published_at": ("timestamptz", "when"),
    "code": ("varchar", "fingerprint of the step's source"),
    "inputs": ("map(varchar, varchar)", "what it was made from: dataset or file to fingerprint"),
    "settings": ("json", "of its steps"),
    "versions": ("map(varchar, varchar)", "of packages"),
    "report": ("json", "what else the step has to say"),
}
DROPPED = {
    "place": ("integer", "as in runs"),
    "dataset": ("varchar", "the dataset whose step dropped them"),
    "reason": ("varchar", "why"),
    "rows": ("bigint", "how many"),
}
TAKEN = "taken"
"""Where a step's report tells of candidates that never became rows."""


def write_runs(connection: duckdb.DuckDBPyConnection, workspace: Workspace) -> None:
    """Create and fill both tables."""
    runs = list(published(workspace))
    _create(connection, "runs", "a dataset that stands in the workspace, and its current run", RUNS)
    _create(connection, "dropped", "a dataset and a reason for which its step dropped rows", DROPPED)
    # One row at a time: a list of rows in one statement of DuckDB's Python costs as much.
    for place, run in runs:
        connection.execute(f"insert into runs values ({', '.join('?' * len(RUNS))})", _row(place, run))
        for reason, rows in (run.counts.dropped | run.report.get(TAKEN, {})).items():
            connection.execute("insert into dropped values (?, ?, ?, ?)", [place, run.dataset, reason, rows])


def published(workspace: Workspace) -> Iterator[tuple[int, Manifest]]:
    """Each dataset's place in the order of the jobs, and its current run."""
    for place, dataset in enumerate(IN_ORDER, 1):
        run = workspace.manifest(dataset)
        if run is not None:
            yield place, run


def _row(place: int, run: Manifest) -> list[object]:
    size = sum(file.size_bytes for file in run.files)
    counts = [run.counts.rows_in, run.counts.rows_out, len(run.files), size]
    told = [_spelled(run.settings), run.versions, _spelled(run.report)]
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
        *told,
    ]


def _spelled(tree: object) -> str:
    return json.dumps(tree, ensure_ascii=False, default=str)


def _create(connection: duckdb.DuckDBPyConnection, name: str, grain: str, columns: dict[str, tuple[str, str]]) -> None:
    listed = ", ".join(f"{quoting.name(column)} {kind}" for column, (kind, _) in columns.items())
    connection.execute(f"create table {name} ({listed})")
    connection.execute(f"comment on table {name} is {quoting.text('one row: ' + grain)}")
    for column, (_, about) in columns.items():
        connection.execute(f"comment on column {name}.{quoting.name(column)} is {quoting.text(about)}")
