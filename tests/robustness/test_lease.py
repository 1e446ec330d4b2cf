"""Two real processes on a real store: an S3 server on loopback, and a folder through fsspec. Only one of them publishes."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import pytest
from pyarrow import fs

from pipelines.workspace.duckdb.views import write_views
from pipelines.workspace.filesystem import Folder
from pipelines.workspace.lock import LEASE, workspace_lock
from pipelines.workspace.lock_holder import named, read_holder
from pipelines.workspace.workspace import Workspace
from schemas.errors import DataError
from tests.support.lease_settings import BEAT_S, PATIENCE_S

ROOT = Path(__file__).resolve().parents[2]
KEYS = {
    "AWS_ACCESS_KEY_ID": "k",
    "AWS_SECRET_ACCESS_KEY": "s",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
}
pytestmark = [pytest.mark.slow, pytest.mark.nightly]


class Job:
    """A process that locks the workspace, or waits for it."""

    def __init__(self, uri, name):
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.support.lease_worker", uri, name],
            cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip

    def prints(self, word):
        assert self.process.stdout.readline().strip() == word, self.process.stderr.read()

    def send_line(self, line):
        self.process.stdin.write(f"{line}\n")
        self.process.stdin.flush()

    def publishes(self, count):
        self.send_line(count)
        self.prints("written")
        self.send_line("")
        self.prints("published")

    def ends(self):
        self.send_line("end")
        assert self.process.wait(60) == 0, self.process.stderr.read()

    def error(self):
        """The line that it stops with."""
        self.process.wait(60)  # before its input is closed: that would end it
        out, err = self.process.communicate()
        assert self.process.returncode == 2, (out, err)
        assert "published" not in out and "Traceback" not in err
        return err.strip().splitlines()[-1]


@pytest.fixture
def job():
    started = []

    def start(uri, name):
        started.append(Job(uri, name))
        return started[-1]

    yield start
    for one in started:
        if one.process.poll() is None:
            one.process.kill()
        one.process.communicate()


def python_with_moto():
    """moto is no package of this project: it is used where a Python has it."""
    for python in dict.fromkeys(
        [sys.executable, "/usr/local/bin/python3", "/usr/bin/python3", os.path.realpath(sys.executable)]
    ):
        found = shutil.which(python) and subprocess.run([python, "-c", "import moto.server"], capture_output=True, check=False)
        if found and found.returncode == 0:
            return python
    return None


@contextmanager
def served(folder):
    """An S3 server on loopback, with a bucket; its address is in the environment."""
    python = python_with_moto()
    if python is None:
        pytest.skip("no Python with moto[server]")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen([python, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)], stdout=log, stderr=log)
    before = dict(os.environ)
    os.environ.update(KEYS, AWS_ENDPOINT_URL=f"http://127.0.0.1:{port}")
    try:
        for _ in range(100):
            with socket.socket() as asked:
                if asked.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.3)
        fs.S3FileSystem(endpoint_override=f"127.0.0.1:{port}", scheme="http", allow_bucket_creation=True).create_dir("bucket")
        yield server
    finally:
        os.environ.clear()
        os.environ.update(before)
        server.kill()
        server.wait()


@pytest.fixture(scope="module")
def s3(tmp_path_factory):
    with served(tmp_path_factory.mktemp("s3")):
        yield "s3://bucket"


@pytest.fixture(params=["folder", "s3"])
def uri(request, tmp_path):
    if request.param == "folder":
        return f"disk://{tmp_path}/w"
    return f"{request.getfixturevalue('s3')}/{tmp_path.name}"


def rows(uri):
    return Workspace(uri).published("components").counts.rows_out


def test_a_holder_that_was_stopped_longer_than_the_patience_does_not_publish(uri, job):
    first = job(uri, "mine_pairs")
    first.prints("locked")
    first.publishes(3)
    first.send_line(4)
    first.prints("written")
    first.process.send_signal(signal.SIGSTOP)
    second = job(uri, "annotate_images")
    second.prints("locked")
    second.publishes(5)
    first.send_line("")  # it is asked to publish before it has had the time for a beat
    first.process.send_signal(signal.SIGCONT)
    line = first.error()
    assert line.startswith(f"error: {uri}: jobs/annotate_images.py (process {second.process.pid} on ")
    assert "has taken over" in line and "publishes nothing more" in line
    assert rows(uri) == 5
    assert Workspace(uri).files("components")
    assert read_holder(Folder(uri).read(LEASE))["job"] == "annotate_images", "it did not give back what is not its own"
    second.publishes(6)
    second.ends()
    assert rows(uri) == 6


def test_a_holder_at_work_stops_when_it_learns_that_it_was_replaced(uri, job):
    first = job(uri, "mine_pairs")
    first.prints("locked")
    Folder(uri).write(
        LEASE, json.dumps({"job": "annotate_images", "pid": 1, "host": "h", "since": "now", "token": "other"}).encode()
    )
    assert "jobs/annotate_images.py (process 1 on h, since now) has taken over" in first.error()


def test_while_a_holder_lives_a_second_job_is_refused_and_after_it_a_third_need_not_wait(uri, job):
    first = job(uri, "mine_pairs")
    first.prints("locked")
    assert "jobs/mine_pairs.py" in job(uri, "annotate_images").error()
    first.publishes(3)
    first.ends()
    started = time.monotonic()
    third = job(uri, "annotate_images")
    third.prints("locked")
    assert time.monotonic() - started < 30
    third.ends()


def test_beats_that_fail_are_repeated_and_the_holder_keeps_the_workspace(tmp_path, job):
    uri, folder = f"disk://{tmp_path}/w", tmp_path / "w"
    first = job(uri, "mine_pairs")
    first.prints("locked")
    for _ in range(2):
        folder.rename(tmp_path / "away")
        folder.write_text("the store is not what it was")
        time.sleep(3 * BEAT_S)
        folder.unlink()
        (tmp_path / "away").rename(folder)
        time.sleep(2 * BEAT_S)
    assert "jobs/mine_pairs.py" in job(uri, "annotate_images").error()
    first.publishes(3)
    first.ends()
    assert rows(uri) == 3


def test_a_store_that_does_not_answer_a_publication_is_one_line_that_says_so(tmp_path, job):
    with served(tmp_path) as server:
        first = job("s3://bucket/w", "mine_pairs")
        first.prints("locked")
        first.publishes(3)
        first.send_line(4)
        first.prints("written")
        server.kill()
        server.wait()
        first.send_line("")
        line = first.error()
    assert line.startswith(f"error: s3://bucket/w: the store has not answered for {PATIENCE_S:.0f} s (OSError: ")


def test_a_job_that_was_replaced_deletes_nothing_and_writes_no_views(tmp_path):
    uri = f"disk://{tmp_path}/w"
    other = {"job": "annotate_images", "pid": 1, "host": "h", "since": "now", "token": "other"}
    with pytest.raises(DataError, match="has taken over"), workspace_lock(Folder(uri), "mine_pairs"):
        runs = [Workspace(uri).new_run("notes", run_id) for run_id in ("a", "b")]
        for run in runs:
            run.folder.write("part.parquet", b"x")
        assert (tmp_path / "w" / "_history" / "notes").exists()
        Folder(uri).write(LEASE, json.dumps(other).encode())
        there = sorted((tmp_path / "w").rglob("*"))
        for refused in (lambda: Workspace(uri).new_run("notes", "c"), lambda: write_views(Workspace(uri))):
            with pytest.raises(DataError, match=r"annotate_images\.py .* has taken over"):
                refused()
        assert sorted((tmp_path / "w").rglob("*")) == there
        raise RuntimeError("a step fails over what the other job has cleared away")
    assert read_holder(Folder(uri).read(LEASE)) == other


@pytest.mark.parametrize("content", [b"", b"null", b"5", b'"x"', b"[]", b"[1]", b"{}", b'{"job": 5}', b"[" * 200_000, b"\xff"])
def test_whatever_stands_in_the_file_names_another_job(content):
    assert named(content) == "another job"
    assert read_holder(content).get("token") is None
