"""Reads a workspace as plain rows, and runs the job as a user does."""

import subprocess
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.workspace.arrow_io import sum_and_rows
from pipelines.workspace.manifest import DataFile
from pipelines.workspace.workspace import Workspace
from schemas.datasets import COMPONENTS, IMAGES, ITEMS, NOTES, POSITIVES, QUARANTINE
from schemas.intermediate import MINED, PICTURE_DOUBTS, PICTURE_PAIRS, PICTURES
from scripts.plain_environment import plain_environment

ROOT = Path(__file__).resolve().parents[2]
DATASETS = [
    t.name
    for t in (NOTES, IMAGES, QUARANTINE, POSITIVES, COMPONENTS, ITEMS, PICTURES, PICTURE_PAIRS, PICTURE_DOUBTS, *MINED.values())
]


def rows_of(workspace):
    """Every dataset's rows, in their order, as text."""
    found = {}
    for name in DATASETS:
        tables = [pq.read_table(file) for file in Workspace(str(workspace)).files(name)]
        found[name] = [str(row) for row in pa.concat_tables(tables).to_pylist()]
    return found


def rows(workspace, name):
    """A dataset of a workspace, as one Arrow table."""
    return pa.concat_tables([pq.read_table(file) for file in Workspace(str(workspace)).files(name)])


def command(*arguments, spark_options=()):
    return ["bash", str(ROOT / "spark-submit.sh"), *spark_options, str(ROOT / "jobs/mine_pairs.py"), *map(str, arguments)]


def run_job(*arguments, spark_options=(), timeout=400):
    """The finished process; spark-submit hands the job's two streams on as one, so both are in `stdout`."""
    return subprocess.run(
        command(*arguments, spark_options=spark_options),
        env=plain_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=timeout,
        check=False,
    )


def closing_summary(done):
    """What a job prints at its end, without its progress."""
    return done.stdout[done.stdout.index("Mined into") :]


def given(corpus, workspace):
    return ("--notes", corpus / "notes.parquet", "--clicks", corpus / "clicks.parquet", "--workspace", workspace)


def republish(workspace, name, table):
    """Put other rows in a dataset's only file, and tell its manifest."""
    place = Workspace(str(workspace))
    [file] = place.files(name)
    (Path(file).parent / f".{Path(file).name}.crc").unlink(missing_ok=True)  # Hadoop's own checksum, of the file before
    Path(file).unlink()  # copies of a workspace share their files with it
    pq.write_table(table, file)
    run = place.published(name)
    size, digest, count = sum_and_rows(file)
    place.publish(replace(run, files=[DataFile(path=run.files[0].path, rows=count, size_bytes=size, sha256=digest)]))
