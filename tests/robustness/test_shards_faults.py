"""jobs/build_shards.py writes the same bytes for any partitions and after a kill."""

import os
import signal
import subprocess
import time

import pytest

from pipelines.flows.build_shards.settings import Shard
from pipelines.workspace.workspace import Workspace
from schemas.errors import DataError
from schemas.shards import SPLITS, shard_files
from scripts.plain_environment import plain_environment
from tests.support.chain import build, copied
from tests.support.workspaces import ROOT

pytestmark = [pytest.mark.ray, pytest.mark.nightly]  # its hard negatives come from Ray
SHARDED = [f"{kind}/{split}" for kind in ("sft", "rl") for split in SPLITS]
SMALL = Shard(shard_bytes=4 << 20)
"""Several shards of the small sample."""


def checksums(workspace):
    """Every file of the published shards and what it holds."""
    runs = {name: Workspace(str(workspace)).published(name) for name in SHARDED}
    return {name: [(f.path.split("/")[-1], f.rows, f.sha256) for f in [*run.files, *run.beside]] for name, run in runs.items()}


def test_three_partitions_write_the_bytes_of_one(spark, built, hard, tmp_path):
    workspace = copied(hard.workspace, tmp_path / "w")
    build(spark, workspace, partitions=3)
    assert checksums(workspace) == checksums(built[0])


def test_after_a_kill_while_shards_are_written(hard, built, tmp_path):
    workspace = copied(hard.workspace, tmp_path / "w")
    job = subprocess.Popen(
        command(workspace),
        env=plain_environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    while job.poll() is None and not list(workspace.glob("_history/sft/train/*/*.parquet")):
        time.sleep(0.02)
    os.killpg(job.pid, signal.SIGKILL)
    job.wait()
    assert Workspace(str(workspace)).manifest("sft/train") is None
    with pytest.raises(DataError, match="no _current.json and no"):
        shard_files(workspace / "sft/train")
    again = subprocess.run(
        command(workspace), env=plain_environment(), capture_output=True, text=True, timeout=400, check=False
    )
    assert again.returncode == 0, again.stdout[-3000:]
    assert "shards/pictures: unchanged, skipped" in again.stdout + again.stderr
    assert checksums(workspace) == checksums(built[0])


def command(workspace, *more):
    job = str(ROOT / "jobs/build_shards.py")
    return [
        "bash",
        str(ROOT / "spark-submit.sh"),
        "--master",
        "local[2]",
        job,
        "--workspace",
        str(workspace),
        "--set",
        f"shard.shard_bytes={SMALL.shard_bytes}",
        *more,
    ]
