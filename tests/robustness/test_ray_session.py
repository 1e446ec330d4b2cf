"""A job's own Ray leaves nothing behind, however the job ends, and says in one line how it ended."""

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

pytestmark = [pytest.mark.ray, pytest.mark.nightly]
ROOT = Path(__file__).resolve().parents[2]
JOB = """
import sys, time
from dataclasses import dataclass, field
import ray
from pipelines.engines.ray.cluster import Cluster, ray_session
from pipelines.run_job import run_job
from schemas.errors import DataError

@dataclass(frozen=True)
class Job:
    ray: Cluster = field(default_factory=Cluster)
    how: str = "ends"

def run(settings):
    with ray_session(settings.ray):
        print("up", flush=True)
        if settings.how == "fails":
            raise DataError("the rows are wrong")
        if settings.how == "waits":
            ray.get(ray.remote(time.sleep).remote(120))

run_job(Job, run, "", {})
"""


@pytest.fixture
def place():
    """A short folder for Ray, in which another's session lies already."""
    folder = Path(tempfile.mkdtemp(dir="/tmp", prefix="rs"))
    (folder / "ray/session_others").mkdir(parents=True)
    (folder / "ray/ray_current_cluster").write_text("127.0.0.1:1")
    yield folder
    shutil.rmtree(folder)


def started(place, *assignments):
    env = {k: v for k, v in os.environ.items() if k != "RAY_ADDRESS"} | {"RAY_TMPDIR": str(place)}
    flags = [part for one in ("ray.object_store_mb=80", *assignments) for part in ("--set", one)]
    return subprocess.Popen([sys.executable, "-c", JOB, *flags], cwd=ROOT, env=env, text=True, start_new_session=True,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE)  # fmt: skip


def ended(job):
    """Exit code, and what was said beside progress."""
    try:
        _, said = job.communicate(timeout=90)
    finally:
        if job.poll() is None:
            os.killpg(job.pid, signal.SIGKILL)
    return job.returncode, [line for line in said.splitlines() if not re.match(r"\d\d:\d\d:\d\d ", line)]


def left(place, pid):
    """Folders of sessions: of others, and of the job; an empty one may stay until the next job."""
    for folder in place.glob("uninote-*"):
        if not any(path.is_file() or path.is_socket() for path in folder.rglob("*")):
            shutil.rmtree(folder)
    ours = [p.name for p in Path("/tmp/ray").glob(f"session_*_{pid}")] if Path("/tmp/ray").exists() else []
    return sorted(str(p.relative_to(place)) for p in place.glob("*/*")), ours, sorted(p.name for p in place.iterdir())


OTHERS = (["ray/ray_current_cluster", "ray/session_others"], [], ["ray"])


@pytest.mark.parametrize(
    ("how", "code", "said"), [("ends", 0, []), ("fails", 2, ["error: the rows are wrong"])], ids=["ends", "fails"]
)
def test_nothing_is_left_of_a_job_that_ends(place, how, code, said):
    """A file in /tmp names a cluster; the job does not join it."""
    job = started(place, f"how={how}")
    assert ended(job) == (code, said)
    assert left(place, job.pid) == OTHERS


@pytest.mark.parametrize(("number", "when"), [(signal.SIGINT, "up"), (signal.SIGTERM, "up"), (signal.SIGINT, "starting")])
def test_nothing_is_left_of_a_job_that_is_interrupted(place, number, when):
    """The whole group gets the signal, as from a terminal."""
    job = started(place, "how=waits")
    if when == "up":
        assert job.stdout.readline() == "up\n"
    else:
        assert "Ray: starting a local cluster" in job.stderr.readline()
    os.killpg(job.pid, number)
    code, [line] = ended(job)
    assert code == 128 + number
    assert line.startswith(f"interrupted by {signal.Signals(number).name}: published datasets are kept; run the same command")
    assert left(place, job.pid) == OTHERS


def test_an_address_where_nobody_answers_is_one_line(place):
    job = started(place, "ray.address=127.0.0.1:1")
    code, [line] = ended(job)
    assert code == 2
    assert re.match(r"error: ray.address 127.0.0.1:1: no Ray cluster answers there \(.*refused\); start it", line)
    assert left(place, job.pid) == OTHERS


def test_a_folder_that_leaves_no_room_for_sockets_is_one_line(place):
    long = place / ("x" * 60)
    job = started(long)
    code, [line] = ended(job)
    assert code == 2
    assert re.match(r"error: RAY_TMPDIR .*: \d+ characters, expected at most \d+ because of Ray's sockets", line)
