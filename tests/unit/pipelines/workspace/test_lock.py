"""One job at a time, on a disk and on a store, and never a lock that outlives its process."""

import multiprocessing
import os
import signal
import time

import fsspec
import pytest

from pipelines.workspace import lock as module
from pipelines.workspace.filesystem import Folder
from pipelines.workspace.lock import LEASE, workspace_lock
from schemas.errors import DataError


@pytest.fixture
def quick(monkeypatch):
    monkeypatch.setattr(module, "BEAT_S", 0.1)
    monkeypatch.setattr(module, "PATIENCE_S", 1.0)


@pytest.fixture
def store():
    fsspec.filesystem("memory").store.clear()
    return Folder("memory://bucket/w")


def test_a_second_job_is_refused_and_told_who_works(tmp_path):
    message = rf"jobs/mine_pairs\.py \(process {os.getpid()} on .*another --workspace"
    second = workspace_lock(Folder(str(tmp_path)), "annotate_images")
    with workspace_lock(Folder(str(tmp_path)), "mine_pairs"), pytest.raises(DataError, match=message), second:
        pass
    with workspace_lock(Folder(str(tmp_path)), "annotate_images"):
        pass


def test_other_workspaces_are_free(tmp_path):
    with workspace_lock(Folder(str(tmp_path / "a")), "mine_pairs"), workspace_lock(Folder(str(tmp_path / "b")), "mine_pairs"):
        pass


def hold(folder, locked):
    with workspace_lock(Folder(folder), "mine_pairs"):
        locked.set()
        time.sleep(60)


def test_a_lock_falls_with_its_process(tmp_path):
    ways = multiprocessing.get_context("spawn")
    locked = ways.Event()
    other = ways.Process(target=hold, args=(str(tmp_path), locked))
    other.start()
    assert locked.wait(30)
    with pytest.raises(DataError), workspace_lock(Folder(str(tmp_path)), "annotate_images"):
        pass
    os.kill(other.pid, signal.SIGKILL)
    other.join()
    with workspace_lock(Folder(str(tmp_path)), "annotate_images"):
        pass


def test_a_store_refuses_a_second_job_while_the_first_one_lives(quick, store):
    with (
        workspace_lock(store, "mine_pairs"),
        pytest.raises(DataError, match="mine_pairs"),
        workspace_lock(store, "annotate_images"),
    ):
        pass
    with workspace_lock(store, "annotate_images"):
        pass


def test_a_lease_that_fell_silent_is_taken_over(quick, store):
    store.write(LEASE, b'{"job": "mine_pairs", "pid": 1, "host": "gone", "since": "then", "token": "x", "beats": 3}')
    started = time.monotonic()
    with workspace_lock(store, "annotate_images"):
        assert time.monotonic() - started >= 1.0


def test_a_failed_block_gives_the_workspace_back(quick, store, tmp_path):
    for folder in (store, Folder(str(tmp_path))):
        with pytest.raises(RuntimeError), workspace_lock(folder, "mine_pairs"):
            raise RuntimeError
        with workspace_lock(folder, "mine_pairs"):
            pass
