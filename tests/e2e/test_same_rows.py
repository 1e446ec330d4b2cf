"""The same rows in the same order: for any partitions, any order of the input, any master, and after a kill."""

import os
import signal
import socket
import subprocess
import time
from contextlib import contextmanager

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines.mining.flow import mine
from pipelines.mining.inputs import open_inputs
from pipelines.mining.settings import Input, MinePairs
from pipelines.workspace.stages import Stages
from pipelines.workspace.workspace import Workspace
from tests.e2e.workspaces import ROOT, command, environment, given, rows_of, run_job


def differences(one, two):
    return {name: (len(one[name]), len(two[name])) for name in one if one[name] != two[name]}


def shuffled(table, seed):
    keys = [hash((seed, k * 2654435761 % 2**32)) for k in range(len(table))]
    return table.take(pa.array(sorted(range(len(table)), key=keys.__getitem__)))


@pytest.mark.parametrize("partitions", [2, 7])
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
        command(*given(corpus, workspace)),
        env=environment(),
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
    again = run_job(*given(corpus, workspace))
    assert again.returncode == 0, again.stdout[-3000:]
    assert "notes: unchanged, skipped" in again.stdout
    assert differences(rows_of(mined[0]), rows_of(workspace)) == {}


def test_on_a_cluster_of_two_workers(corpus, mined, tmp_path):
    with cluster(tmp_path) as master:
        options = (
            "--master",
            master,
            "--conf",
            "spark.executor.memory=1g",
            "--conf",
            "spark.cores.max=2",
            "--conf",
            "spark.executor.cores=1",
        )
        done = run_job(*given(corpus, tmp_path / "w"), spark_options=options)
    assert done.returncode == 0, done.stdout[-3000:]
    assert differences(rows_of(mined[0]), rows_of(tmp_path / "w")) == {}


@contextmanager
def cluster(folder):
    """A Spark master and two workers, each a process of its own."""
    port = free_port()
    url = f"spark://127.0.0.1:{port}"
    classes = [("master.Master", ["--host", "127.0.0.1", "--port", str(port), "--webui-port", str(free_port())])]
    classes += [
        (
            "worker.Worker",
            [
                "--host",
                "127.0.0.1",
                "--cores",
                "1",
                "--memory",
                "1g",
                "--webui-port",
                "0",
                "--work-dir",
                str(folder / f"w{k}"),
                url,
            ],
        )
        for k in range(2)
    ]
    setup = f'root="{ROOT}"; source "$root/scripts/environment.sh"; ensure_java; export SPARK_LOCAL_IP=127.0.0.1 PYSPARK_PYTHON="$root/.venv/bin/python"; '
    processes = []
    try:
        for name, arguments in classes:
            start = setup + f'exec "$root/.venv/bin/spark-class" org.apache.spark.deploy.{name} "$@"'
            log = (folder / f"{name}-{len(processes)}.log").open("w")
            processes.append(
                subprocess.Popen(["bash", "-c", start, "-", *arguments], env=environment(), stdout=log, stderr=log)
            )
            wait_for(port)
        yield url
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            process.wait(timeout=30)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(port, seconds=60):
    for _ in range(seconds * 4):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.25)
    raise TimeoutError(f"nothing listens on port {port}")
