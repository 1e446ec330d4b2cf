"""A local Ray's folder: private, gone with its job; what a killed job left goes with the next one, and nothing of others."""

import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from pipelines.engines.ray.session_folder import LOCK, session_folder
from schemas.errors import SettingsError

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[5]
JOB = """
import time
from pipelines.engines.ray.session_folder import session_folder
with session_folder() as folder:
    print(folder, flush=True)
    time.sleep(60)
"""


@pytest.fixture
def place(monkeypatch):
    with tempfile.TemporaryDirectory(dir="/tmp", prefix="p") as folder:
        monkeypatch.setenv("RAY_TMPDIR", folder)
        yield Path(folder)


@pytest.fixture
def job(place):
    process = subprocess.Popen([sys.executable, "-c", JOB], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    folder = Path(process.stdout.readline().strip())
    os.utime(folder / LOCK, (0, 0))
    (folder / "session_x/logs").mkdir(parents=True)
    yield process, folder
    process.kill()
    process.wait()


def test_the_folder_is_for_this_user_alone_and_goes_with_the_block(place):
    with pytest.raises(ZeroDivisionError), session_folder() as folder:
        assert Path(folder).parent == place
        assert stat.S_IMODE(os.stat(folder).st_mode) == 0o700
        (Path(folder) / "session_x").mkdir()
        raise ZeroDivisionError
    assert list(place.iterdir()) == []


def test_what_a_job_left_that_was_killed_goes_with_the_next_one(job, place):
    process, folder = job
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert folder.exists()
    with session_folder():
        assert not folder.exists()


def test_a_job_that_is_at_work_and_folders_of_others_are_left_alone(job, place):
    _, folder = job
    for name in ("uninote-others", "ray/session_1", "session_2"):
        (place / name).mkdir(parents=True)
    with session_folder() as young, session_folder() as mine:
        assert Path(young).exists() and Path(mine).exists()
    assert sorted(p.name for p in place.iterdir()) == sorted([folder.name, "ray", "session_2", "uninote-others"])


def test_sigint_in_a_job_takes_its_folder_along(job):
    process, folder = job
    os.kill(process.pid, signal.SIGINT)
    process.wait()
    assert not folder.exists()


def test_a_process_that_makes_the_folder_anew_while_it_ends_is_waited_for(place, monkeypatch):
    """As Ray's do."""
    code = "import os, sys, time; f = open(sys.argv[1] + '/log', 'w'); print(flush=True); time.sleep(1); os.makedirs(sys.argv[1] + '/logs', exist_ok=True); time.sleep({})"
    for seconds in (0, 60):
        monkeypatch.setattr("pipelines.engines.ray.session_folder.PATIENCE_S", 2.0)
        with session_folder() as folder:
            process = subprocess.Popen([sys.executable, "-c", code.format(seconds), folder], stdout=subprocess.PIPE)
            process.stdout.readline()
        assert process.wait() == (-signal.SIGKILL if seconds else 0)
        assert list(place.iterdir()) == []


def test_a_name_that_leaves_no_room_for_sockets_is_said(place, monkeypatch):
    monkeypatch.setenv("RAY_TMPDIR", str(place / ("x" * 60)))
    with pytest.raises(SettingsError, match="expected at most 2. because of Ray's sockets"):
        session_folder().__enter__()
    monkeypatch.setenv("RAY_TMPDIR", "/proc/ray")
    with pytest.raises(SettingsError, match="RAY_TMPDIR '/proc/ray': cannot be written"):
        session_folder().__enter__()


def test_an_old_folder_without_a_file_is_deleted_by_the_next_job_and_a_young_one_or_a_file_stays(monkeypatch):
    place = Path(tempfile.mkdtemp(dir="/tmp", prefix="u"))
    monkeypatch.setenv("RAY_TMPDIR", str(place))
    for name in ("uninote-old", "uninote-young", "uninote-full"):
        (place / name / "session_x").mkdir(parents=True)
    (place / "uninote-full" / "session_x" / "log").write_text("mine")
    for name in ("uninote-old", "uninote-full"):
        os.utime(place / name, (1, 1))
    with session_folder():
        assert {path.name for path in place.iterdir()} >= {"uninote-young", "uninote-full"}
        assert not (place / "uninote-old").exists()
    shutil.rmtree(place)
