"""The same rows in the same order: for any partitions, any order of the input, any master, and after a kill."""

import os
import signal
import subprocess
import time

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines.flows.mine_pairs.flow import mine
from pipelines.flows.mine_pairs.inputs import open_inputs
from pipelines.flows.mine_pairs.settings import Input, MinePairs
from pipelines.workspace.spark_stages import Stages
from pipelines.workspace.workspace import Workspace
from scripts.plain_environment import plain_environment
from testkit.clusters import ONE_CORE_EACH, kill_an_executor, spark_cluster
from tests.support.workspaces import command, mining_arguments, rows_of, run_job


def differences(one, two):
    return {name: (len(one[name]), len(two[name])) for name in one if one[name] != two[name]}


def shuffled(table, seed):
    keys = [hash((seed, k * 2654435761 % 2**32)) for k in range(len(table))]
    return table.take(pa.array(sorted(range(len(table)), key=keys.__getitem__)))


@pytest.mark.parametrize("partitions", [2, pytest.param(7, marks=pytest.mark.nightly)])
def test_for_any_partitions_and_any_order_of_the_input(spark, corpus, mined, tmp_path, partitions):
    for name in ("notes", "clicks"):
        table = shuffled(pq.read_table(corpus / f"{name}.parquet"), partitions)
        (tmp_path / name).mkdir()
        step = -(-len(table) // partitions)
        for k in range(partitions):
            pq.write_table(table.slice(k * step, step), tmp_path / name / f"part-{k}.parquet")
    spark.conf.set("spark.sql.shuffle.partitions", str(partitions))
    settings = MinePairs(
        workspace=str(tmp_path / "w"),
        input=Input(notes=str(tmp_path / "notes"), clicks=str(tmp_path / "clicks"), image_root=str(corpus)),
    )
    mine(Stages(spark, Workspace(settings.workspace)), open_inputs(spark, settings.input), settings)
    assert differences(rows_of(mined[0]), rows_of(tmp_path / "w")) == {}


def test_after_a_kill_in_the_middle_of_a_stage(corpus, mined, tmp_path):
    workspace = tmp_path / "w"
    job = subprocess.Popen(
        command(*mining_arguments(corpus, workspace)),
        env=plain_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    for line in job.stdout:
        if "mined/partial_text: working" in line:
            break
    time.sleep(0.5)

    os.killpg(job.pid, signal.SIGKILL)
    job.wait()
    assert Workspace(str(workspace)).manifest("positives") is None
    again = run_job(*mining_arguments(corpus, workspace))
    assert again.returncode == 0, again.stdout[-3000:]
    assert "notes: unchanged, skipped" in again.stdout
    assert differences(rows_of(mined[0]), rows_of(workspace)) == {}


@pytest.mark.nightly
def test_on_a_cluster_of_two_workers_one_of_whose_executors_is_killed(corpus, mined, tmp_path):
    """Lost with it: what it works on, what it has shuffled, what it has persisted."""
    with spark_cluster(tmp_path) as master:
        options = ["--master", master] + [part for k, v in ONE_CORE_EACH.items() for part in ("--conf", f"{k}={v}")]
        job = subprocess.Popen(
            ["timeout", "600", *command(*mining_arguments(corpus, tmp_path / "w"), spark_options=options)],
            env=plain_environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        before = list(iter_until(job.stdout, "mined/pictures: working"))
        time.sleep(2)
        kill_an_executor(tmp_path)
        after = job.stdout.read()
    assert job.wait() == 0, "".join(before)[-1000:] + after[-3000:]
    assert "mined/pictures: " in after  # it was killed before this stage ended
    assert len(list(tmp_path.glob("w[01]/app-*/[0-9]*"))) == 3  # the two executors and the one that was started in its place
    assert differences(rows_of(mined[0]), rows_of(tmp_path / "w")) == {}


def iter_until(lines, words):
    for line in lines:
        yield line
        if words in line:
            return
