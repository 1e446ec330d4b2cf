"""jobs/mine_hard_negatives.py gives the same rows with more actors, after a kill, and when a node is lost."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines.workspace.workspace import Workspace
from scripts.plain_environment import plain_environment
from testkit.clusters import ray_nodes
from tests.support.chain import copied, mine_negatives
from tests.support.workspaces import ROOT

pytestmark = [pytest.mark.ray, pytest.mark.nightly]
TABLES = ("embeddings", "counterfactuals", "hard_negatives", "shortfalls")


def rows(workspace, name):
    return pa.concat_tables([pq.read_table(file) for file in Workspace(str(workspace)).files(name)])


def differing(one, two):
    return [name for name in TABLES if not rows(one, name).equals(rows(two, name))]


def command(workspace, *more):
    sets = ["ray.address=local", "ray.models=1", "ray.readers=1", "encoder.chunk_items=64", "encoder.chunk_pictures=24"]
    arguments = [part for one in sets for part in ("--set", one)]
    job = str(ROOT / "jobs/mine_hard_negatives.py")
    return [sys.executable, job, "--workspace", str(workspace), *arguments, *more]


def test_three_actors_write_what_one_writes(hard, mined, tmp_path):
    workspace = copied(mined.workspace, tmp_path / "w")
    mine_negatives(workspace, models=3, readers=2)
    assert differing(hard[0], workspace) == []


def test_after_a_kill_in_the_middle_of_the_encoding(hard, mined, tmp_path):
    workspace = copied(mined.workspace, tmp_path / "w")
    job = subprocess.Popen(command(workspace), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
    chunks = Path(workspace) / "_history" / "embeddings" / "_chunks"
    while job.poll() is None and len(list(chunks.glob("*.parquet"))) < 3:
        time.sleep(0.02)
    os.kill(job.pid, signal.SIGKILL)
    job.wait()
    assert Workspace(str(workspace)).manifest("embeddings") is None
    again = subprocess.run(command(workspace), capture_output=True, text=True, timeout=400, check=False)
    assert again.returncode == 0, again.stderr[-3000:]
    assert again.stdout.startswith("\nHard negatives in")
    assert differing(hard[0], workspace) == []
    assert not chunks.exists()


def test_on_two_nodes_one_of_which_is_lost_with_more_actors_than_the_other_has_processors(hard, mined, tmp_path):
    workspace = copied(mined.workspace, tmp_path / "w")
    chunks = Path(workspace) / "_history" / "embeddings" / "_chunks"
    with ray_nodes(3, 3) as nodes:
        two = ("--set", f"ray.address={nodes.address}", "--set", "ray.models=3")
        job = subprocess.Popen(
            command(workspace, *two), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=plain_environment()
        )
        while job.poll() is None and len(list(chunks.glob("*.parquet"))) < 3:
            time.sleep(0.02)
        nodes.kill()
        told = job.communicate(timeout=400)[0]
    assert job.returncode == 0, told[-3000:]
    assert "process deaths" in told or "processors are gone" in told, told[-3000:]
    assert differing(hard[0], workspace) == []
