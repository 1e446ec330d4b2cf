"""Kill a Spark executor, or a node of Ray, at random instants of a job; the job must end, with the undisturbed run's rows.

    python -m benchmarks.kill_machines [--instants 3] [--notes 60] [--seed 0] [--scratch DIR]

Spark: a master and two workers; jobs/mine_pairs.py works there, and one executor's Java is killed with signal 9. Ray: two nodes
of three processors; jobs/annotate_images.py and jobs/mine_hard_negatives.py work with four actors, and the second node's raylet
is killed, so that what is left has too few processors for all of them. Prints for each job the seconds undisturbed, then for
each instant when it was killed and how long the job took. Exits 1 on the first difference.
"""

import argparse
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.kill_driver import EXTRA, ROOT, rows_of
from pipelines.sources.sample_corpus.build import Sample, make_sample
from scripts.plain_environment import plain_environment
from testkit.clusters import (
    ONE_CORE_EACH,
    RayNodes,
    executors,
    kill_an_executor,
    ray_nodes,
    spark_cluster,
)

TIMEOUT_S = 600
PROCESSORS = 3
ACTORS = ["--set", "ray.readers=1", "--set", "ray.models=3"]
CHUNKS = {"mine_hard_negatives": ["--set", "encoder.chunk_items=32", "--set", "encoder.chunk_pictures=16"]}
RAY_JOBS = ("annotate_images", "mine_hard_negatives")


def main() -> None:
    """Run the kills and print a line for each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--instants", type=int, default=3, help="of each job")
    parser.add_argument("--notes", type=int, default=60)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--scratch", type=Path)
    arguments = parser.parse_args()
    scratch, dice = Path(tempfile.mkdtemp(dir=arguments.scratch)), random.Random(arguments.seed)
    make_sample(scratch / "corpus", Sample(notes=arguments.notes))
    mined = _spark(scratch, arguments.instants, dice)
    for job in RAY_JOBS:
        mined = _ray(job, mined, scratch, arguments.instants, dice)
    shutil.rmtree(scratch)
    print("all rows are those of the undisturbed run")


def _spark(scratch: Path, instants: int, dice: random.Random) -> Path:
    """Run the job undisturbed, then with kills; returns the workspace of the undisturbed run."""
    whole, corpus = scratch / "mined", scratch / "corpus"
    seconds = 0.0
    for number in range(instants + 1):
        workspace, machines = (whole if number == 0 else scratch / "w"), scratch / "machines"
        machines.mkdir()
        with spark_cluster(machines) as master:
            options = ["--master", master] + [part for k, v in ONE_CORE_EACH.items() for part in ("--conf", f"{k}={v}")]
            inputs = ["--notes", str(corpus / "notes.parquet"), "--clicks", str(corpus / "clicks.parquet")]
            script = [str(ROOT / "spark-submit.sh"), *options, str(ROOT / "jobs/mine_pairs.py")]
            command = [*script, "--workspace", str(workspace), *inputs]
            after = dice.uniform(0, seconds) if number else None

            def kill(after: float | None = after, machines: Path = machines) -> None:
                while len(executors(machines)) < 2:
                    time.sleep(0.1)
                started = time.monotonic()
                time.sleep(after or 0)
                print(f"  executor {kill_an_executor(machines)} after {time.monotonic() - started:.1f} s: ", end="", flush=True)

            took = _run(command, kill if number else None)
        seconds = seconds or max(1.0, took - 15)  # Spark takes that long until it has executors
        _check_rows("mine_pairs", number, took, workspace, whole)
        shutil.rmtree(machines)
        if number:
            shutil.rmtree(workspace)
    return whole


def _ray(job: str, before: Path, scratch: Path, instants: int, dice: random.Random) -> Path:
    """Run the job undisturbed, then with kills; returns the workspace of the undisturbed run."""
    whole, seconds = scratch / job, 0.0
    for number in range(instants + 1):
        workspace = whole if number == 0 else scratch / "w"
        shutil.copytree(before, workspace)
        with ray_nodes(PROCESSORS, PROCESSORS) as nodes:
            script = [sys.executable, str(ROOT / "jobs" / f"{job}.py"), "--workspace", str(workspace)]
            command = [*script, "--set", f"ray.address={nodes.address}", *ACTORS, *CHUNKS.get(job, []), *EXTRA.get(job, [])]
            after = dice.uniform(0, seconds) if number else None

            def kill(nodes: RayNodes = nodes, after: float | None = after) -> None:
                time.sleep(after or 0)
                nodes.kill()
                print(f"  node after {after:.1f} s: ", end="", flush=True)

            took = _run(command, kill if number else None)
        seconds = seconds or took
        _check_rows(job, number, took, workspace, whole)
        if number:
            shutil.rmtree(workspace)
    return whole


def _run(command: list[str], meanwhile: Callable[[], None] | None) -> float:
    """Run a job to its end, with an action meanwhile, and return its seconds; exits with its output if it failed."""
    started = time.monotonic()
    with tempfile.TemporaryFile("w+") as output:
        job = subprocess.Popen(
            command, stdout=output, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, text=True, env=plain_environment()
        )
        if meanwhile:
            meanwhile()
        code = job.wait(TIMEOUT_S)
        if code:
            output.seek(0)
            sys.exit(f"exit {code}\n{output.read()[-4000:]}")
    return time.monotonic() - started


def _check_rows(job: str, number: int, took: float, workspace: Path, whole: Path) -> None:
    print(f"{took:.0f} s" if number else f"{job}: {took:.0f} s undisturbed", flush=True)
    expected, actual = rows_of(whole), rows_of(workspace)
    wrong = sorted(name for name in expected.keys() | actual.keys() if expected.get(name) != actual.get(name))
    if wrong:
        sys.exit(f"differs: {wrong}; kept in {workspace}")


if __name__ == "__main__":
    main()
