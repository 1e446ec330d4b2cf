"""Local clusters of processes that can be killed: a Spark master with two workers, and two Ray nodes."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from scripts.plain_environment import plain_environment

ROOT = Path(__file__).resolve().parent.parent
EXECUTOR = b"CoarseGrainedExecutorBackend"
ONE_CORE_EACH = {
    "spark.executor.memory": "1g",
    "spark.cores.max": "2",
    "spark.executor.cores": "1",
    "spark.sql.shuffle.partitions": "4",  # the default of 200 is for larger clusters
    "spark.ui.enabled": "false",
}
SETUP = f"""root="{ROOT}"; source "$root/scripts/environment.sh"; ensure_java
export SPARK_LOCAL_IP=127.0.0.1 PYSPARK_PYTHON="$root/.venv/bin/python"
"""
NODES = """
import sys
from ray.cluster_utils import Cluster
cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": int(sys.argv[1]), "include_dashboard": False})
second = cluster.add_node(num_cpus=int(sys.argv[2]))
print(cluster.address, second.all_processes["raylet"][0].process.pid, flush=True)
sys.stdin.read()
cluster.shutdown()
"""


@contextmanager
def spark_cluster(folder: Path) -> Iterator[str]:
    """Start a Spark master with two workers, one core and 1 GB each, that work below `folder`; yields its URL."""
    port = _free_port()
    url = f"spark://127.0.0.1:{port}"
    worker = ["--host", "127.0.0.1", "--cores", "1", "--memory", "1g", "--webui-port", "0"]
    parts = [("master.Master", ["--host", "127.0.0.1", "--port", str(port), "--webui-port", str(_free_port())])]
    parts += [("worker.Worker", [*worker, "--work-dir", str(folder / f"w{k}"), url]) for k in range(2)]
    processes = []
    try:
        for name, arguments in parts:
            start = f'{SETUP}exec "$root/.venv/bin/spark-class" org.apache.spark.deploy.{name} "$@"'
            with (folder / f"{name}-{len(processes)}.log").open("w") as log:
                command = ["bash", "-c", start, "-", *arguments]
                processes.append(subprocess.Popen(command, env=plain_environment(), stdout=log, stderr=log))
            _wait_for(port)
        yield url
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            process.wait(timeout=30)


def executors(folder: Path) -> list[int]:
    """List the process ids of executors that work below `folder`, oldest first."""
    pids = []
    for entry in Path("/proc").iterdir():
        try:
            if EXECUTOR in (entry / "cmdline").read_bytes() and (entry / "cwd").readlink().is_relative_to(folder.resolve()):
                pids.append(int(entry.name))
        except OSError:  # not a process, or one that has ended
            continue
    return sorted(pids)


def kill_an_executor(folder: Path, seconds: float = 120) -> int:
    """Kill -9 an executor as soon as two are running, and return its process id."""
    until = time.monotonic() + seconds
    while len(pids := executors(folder)) < 2:
        if time.monotonic() > until:
            raise TimeoutError(f"expected 2 executors below {folder}, got {len(pids)}")
        time.sleep(0.05)
    os.kill(pids[0], signal.SIGKILL)
    return pids[0]


class RayNodes(NamedTuple):
    """A Ray cluster of two nodes."""

    address: str
    raylet: int
    """Process id of the second node's raylet; the node's processes die with it."""

    def kill(self) -> None:
        """Kill the second node, as if its machine were switched off."""
        os.kill(self.raylet, signal.SIGKILL)


@contextmanager
def ray_nodes(first: int, second: int) -> Iterator[RayNodes]:
    """Start two nodes with the given numbers of logical CPUs, in a folder of their own, invisible to other Ray sessions."""
    folder = tempfile.mkdtemp(prefix="ray", dir="/tmp")  # short: a socket's path has at most 107 characters
    process = subprocess.Popen(
        [sys.executable, "-c", NODES, str(first), str(second)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=plain_environment() | {"RAY_TMPDIR": folder, "RAY_USAGE_STATS_ENABLED": "0"},
    )
    try:
        words = process.stdout.readline().split() if process.stdout else []
        if len(words) != 2:
            raise RuntimeError(f"Ray did not start: expected address and process id, got {words}")
        yield RayNodes(words[0], int(words[1]))
    finally:
        process.communicate("", timeout=60)
        shutil.rmtree(folder, ignore_errors=True)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_for(port: int, seconds: int = 60) -> None:
    for _ in range(seconds * 4):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.25)
    raise TimeoutError(f"nothing listens on port {port}")
