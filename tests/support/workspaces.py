"""Reads a workspace as plain rows, and runs the mining job from the command line."""

import subprocess
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.workspace.arrow_io import sum_and_rows
from pipelines.workspace.manifest import DataFile
from pipelines.workspace.workspace import Workspace
from schemas.datasets import COMPONENTS, IMAGES, ITEMS, NOTES, POSITIVES, QUARANTINE
from schemas.intermediate import MINED, PICTURE_DOUBTS, PICTURE_PAIRS, PICTURES, TEXT_TIES
from schemas.relations import NOTE_TIES, VARIANTS
from scripts.plain_environment import plain_environment

ROOT = Path(__file__).resolve().parents[2]
DATASETS = [
    t.name
    for t in (
        NOTES,
        IMAGES,
        QUARANTINE,
        POSITIVES,
        COMPONENTS,
        ITEMS,
        PICTURES,
        PICTURE_PAIRS,
        PICTURE_DOUBTS,
        *MINED.values(),
        TEXT_TIES,
        VARIANTS,
        NOTE_TIES,
    )
]


def rows_of(workspace):
    """Read every dataset's rows, in order, as text."""
    rows = {}
    for name in DATASETS:
        tables = [pq.read_table(file) for file in Workspace(str(workspace)).files(name)]
        rows[name] = [str(row) for row in pa.concat_tables(tables).to_pylist()]
    return rows


def rows(workspace, name):
    """A dataset of a workspace, as one Arrow table."""
    return pa.concat_tables([pq.read_table(file) for file in Workspace(str(workspace)).files(name)])


def command(*arguments, spark_options=()):
    return ["bash", str(ROOT / "spark-submit.sh"), *spark_options, str(ROOT / "jobs/mine_pairs.py"), *map(str, arguments)]


def run_job(*arguments, spark_options=(), timeout=400):
    """Run the job; both streams are in `stdout`, since spark-submit merges them."""
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
    """Return what the job printed at its end, without progress lines."""
    return done.stdout[done.stdout.index("Mined into") :]


def mining_arguments(corpus, workspace):
    return ("--notes", corpus / "notes.parquet", "--clicks", corpus / "clicks.parquet", "--workspace", workspace)


def republish(workspace, name, table):
    """Replace the rows of a dataset's only file, and update its manifest."""
    target = Workspace(str(workspace))
    [file] = target.files(name)
    (Path(file).parent / f".{Path(file).name}.crc").unlink(missing_ok=True)  # Hadoop's checksum of the old file
    Path(file).unlink()  # copies of a workspace are hard links to its files
    pq.write_table(table, file)
    run = target.published(name)
    size, digest, count = sum_and_rows(file)
    target.publish(replace(run, files=[DataFile(path=run.files[0].path, rows=count, size_bytes=size, sha256=digest)]))
