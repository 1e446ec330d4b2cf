"""Kill the driver of every job at random instants; a second run must give what an undisturbed one gives.

    python -m benchmarks.kill_driver [--instants 50] [--notes 60] [--seed 0] [--scratch DIR]

For each instant a job starts on the workspace that it had in the undisturbed run, is killed with signal 9, all of its
processes at once, and started again. All the while a reader opens every published dataset: a file that its manifest names must
be there, as long as it says, with as many rows. At the end every dataset must have the undisturbed run's rows, in their order,
and whoever reads its folder instead of its manifest must find as many.
Exits 1 on the first difference.
"""

import argparse
import hashlib
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import NamedTuple

import pyarrow.parquet as pq

from pipelines.sources.sample_corpus.build import Sample, make_sample
from pipelines.workspace.workspace import CURRENT, Workspace
from schemas.errors import UninoteError

ROOT = Path(__file__).resolve().parent.parent
SPARK = ("mine_pairs", "build_shards")
ORDER = ("mine_pairs", "annotate_images", "mine_hard_negatives", "judge_relevance", "build_shards")
EXTRA = {"mine_hard_negatives": ["--set", "guard.margin.preset=free"], "judge_relevance": ["--set", "judge.name=overlap"]}
TIMEOUT_S = 600


class Step(NamedTuple):
    """A job of the undisturbed run."""

    job: str
    before: Path
    """Copy of the workspace before it ran."""
    seconds: float
    rows: dict[str, str]
    """Digest of each dataset's rows, in order, after it ran."""


class Reader(threading.Thread):
    """Reads all published datasets in a loop until `ended` is set."""

    def __init__(self, folder: Path) -> None:
        """Store the folder; reads nothing."""
        super().__init__(daemon=True)
        self.folder, self.ended = folder, threading.Event()
        self.looks, self.faults = 0, []

    def run(self) -> None:
        """Read until `ended` is set."""
        while not self.ended.wait(0.02):
            for dataset in datasets(self.folder):
                self._look(dataset)

    def _look(self, dataset: str) -> None:
        workspace = Workspace(str(self.folder))
        try:
            before = workspace.manifest(dataset)
            for file, uri in zip(before.files, workspace.files(dataset), strict=True):
                if uri.endswith(".parquet") and pq.read_metadata(uri).num_rows != file.rows:
                    raise UninoteError(f"{uri}: row count differs from its manifest")
            self.looks += 1
        except (UninoteError, OSError, AttributeError) as error:
            now = workspace.manifest(dataset)
            if now is not None and now.run_id == before.run_id:  # else a newer run was published while we looked
                self.faults.append(f"{dataset}: {error}")


def datasets(folder: Path) -> list[str]:
    """List the published datasets of a workspace, without entering folders that jobs write and remove."""
    found = []
    for place, below, files in os.walk(folder):
        below[:] = [name for name in below if not name.startswith("_")]
        found += [str(Path(place).relative_to(folder))] if CURRENT in files else []
    return sorted(found)


def command(job: str, corpus: Path, workspace: Path) -> list[str]:
    """Build the command line of a job."""
    script = str(ROOT / "jobs" / f"{job}.py")
    start = [str(ROOT / "spark-submit.sh"), "--driver-memory", "2g", script] if job in SPARK else [sys.executable, script]
    arguments = (
        ["--notes", str(corpus / "notes.parquet"), "--clicks", str(corpus / "clicks.parquet")] if job == "mine_pairs" else []
    )
    return [*start, "--workspace", str(workspace), *arguments, *EXTRA.get(job, [])]


def finished(job: str, corpus: Path, workspace: Path) -> float:
    """Run a job to its end and return its seconds; exits with its output if it failed."""
    started = time.monotonic()
    done = subprocess.run(
        command(job, corpus, workspace),
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    if done.returncode:
        sys.exit(f"{job}: exit {done.returncode}\n{done.stdout[-2000:]}{done.stderr[-3000:]}")
    return time.monotonic() - started


def rows_of(folder: Path) -> dict[str, str]:
    """Hash the rows of each published dataset, in order."""
    workspace, found = Workspace(str(folder)), {}
    for name in datasets(folder):
        digest = hashlib.sha256()
        for uri in workspace.files(name):
            if uri.endswith(".parquet"):
                for batch in pq.ParquetFile(uri).iter_batches():
                    digest.update(repr(batch.to_pylist()).encode())
            else:
                digest.update(Path(uri).read_bytes())
        found[name] = digest.hexdigest()
    return found


def folder_faults(folder: Path) -> list[str]:
    """List datasets whose folder contains other rows than the current ones."""
    workspace, faults = Workspace(str(folder)), []
    for name in datasets(folder):
        run = workspace.published(name)
        parts = [str(path) for path in (folder / name).rglob("*.parquet")]
        found = sum(pq.read_metadata(part).num_rows for part in parts)
        if found != run.counts.rows_out or len(parts) != sum(file.path.endswith(".parquet") for file in run.files):
            faults.append(f"{run.dataset}: {found} rows in {len(parts)} files, expected {run.counts.rows_out}")
    return faults


def undisturbed(corpus: Path, scratch: Path) -> list[Step]:
    """Run every job once, without a kill."""
    workspace, steps = scratch / "whole", []
    workspace.mkdir()
    for job in ORDER:
        if not (ROOT / "jobs" / f"{job}.py").exists():
            continue
        before = scratch / f"before_{job}"
        shutil.copytree(workspace, before)
        seconds = finished(job, corpus, workspace)
        steps.append(Step(job, before, seconds, rows_of(workspace)))
        print(f"{job}: {seconds:.0f} s undisturbed, {len(steps[-1].rows)} datasets", flush=True)
    return steps


def killed(step: Step, corpus: Path, workspace: Path, after: float) -> bool:
    """Start the job and kill it after some seconds; returns whether it was still running."""
    job = subprocess.Popen(
        command(step.job, corpus, workspace),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        stdin=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        job.wait(after)
    except subprocess.TimeoutExpired:
        os.killpg(job.pid, signal.SIGKILL)
        job.wait()
        return True
    return False


def main() -> None:
    """Run the kills and print a line for each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--instants", type=int, default=50)
    parser.add_argument("--notes", type=int, default=60)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--scratch", type=Path)
    arguments = parser.parse_args()
    scratch = Path(tempfile.mkdtemp(dir=arguments.scratch))
    make_sample(scratch / "corpus", Sample(notes=arguments.notes))
    steps, dice = undisturbed(scratch / "corpus", scratch), random.Random(arguments.seed)
    looks = working = 0
    for number in range(arguments.instants):
        step = steps[number % len(steps)]
        workspace = scratch / "killed"
        shutil.copytree(step.before, workspace)
        reader = Reader(workspace)
        reader.start()
        after = dice.uniform(0, step.seconds)
        at_work = killed(step, scratch / "corpus", workspace, after)
        finished(step.job, scratch / "corpus", workspace)
        reader.ended.set()
        reader.join()
        found = rows_of(workspace)
        wrong = sorted(name for name in step.rows.keys() | found.keys() if step.rows.get(name) != found.get(name))
        print(
            f"{number + 1:3} {step.job} killed after {after:5.1f} s{'' if at_work else ' (had ended)'}: {reader.looks} looks",
            flush=True,
        )
        doubled = folder_faults(workspace)
        if wrong or reader.faults or doubled:
            sys.exit(f"differs: {wrong}; half-published: {reader.faults[:5]}; folders: {doubled}; kept in {scratch}")
        looks, working = looks + reader.looks, working + at_work
        shutil.rmtree(workspace)
    shutil.rmtree(scratch)
    print(f"{arguments.instants} kills, {working} of a job at work; {looks:,} looks at published datasets")
    print("none was half-published, all rows are those of the undisturbed run, and each folder holds them once")


if __name__ == "__main__":
    main()
