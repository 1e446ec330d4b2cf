"""An interrupted Spark job ends with a line and the shell's exit code, and a second run goes on."""

import os
import signal
import subprocess
import time

import pytest

from scripts.plain_environment import plain_environment
from tests.support.workspaces import command, mining_arguments

pytestmark = pytest.mark.nightly


@pytest.mark.parametrize("whom", ["the terminal", "the job alone"])
def test_an_interrupt_is_one_line_and_130(whom, corpus, tmp_path):
    log = tmp_path / "log"
    with log.open("wb") as out:
        job = subprocess.Popen(
            command(*mining_arguments(corpus, tmp_path / "w"), spark_options=("--master", "local[1]")),
            stdout=out, stderr=subprocess.STDOUT, start_new_session=True, env=plain_environment(),
        )  # fmt: skip
        deadline = time.monotonic() + 300
        while "images: working" not in log.read_text() and "pictures: working" not in log.read_text() and job.poll() is None:
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.2)
        time.sleep(2)
        before = len(log.read_text().splitlines())
        if whom == "the terminal":
            os.killpg(job.pid, signal.SIGINT)
        else:
            os.kill(python_of(job.pid), signal.SIGINT)
        code = job.wait(timeout=60)
    lines = [line for line in log.read_text().splitlines()[before:] if line.strip() and line[2:3] != ":"]
    assert code == 130
    assert len(lines) == 1, "\n".join(lines)
    assert "interrupted by SIGINT" in lines[0]
    assert not [line for line in lines if "Traceback" in line]


def python_of(java: int) -> int:
    """The job's Python below spark-submit's Java."""
    found = subprocess.run(["ps", "-o", "pid=,args=", "--ppid", str(java)], capture_output=True, text=True, check=True).stdout
    return int(next(line for line in found.splitlines() if "mine_pairs.py" in line).split()[0])
