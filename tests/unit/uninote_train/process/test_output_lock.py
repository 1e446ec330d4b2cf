"""One trainer on a folder: the second is refused by name, and the lock falls with its holder, however that ends."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from schemas.errors import DataError, SettingsError
from uninote_train.process.output_lock import LOCK, lock_output

ROOT = Path(__file__).resolve().parents[4]
HOLDER = """
import os, sys, time
from uninote_train.process.output_lock import lock_output
with lock_output(sys.argv[1], "sft"):
    if os.fork() == 0:  # as a data worker, which closes its copy as soon as it runs
        print("locked", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def holder(tmp_path):
    """Another process that holds the folder, with a child of its own."""
    process = subprocess.Popen([sys.executable, "-c", HOLDER, str(tmp_path)], cwd=ROOT, stdout=subprocess.PIPE,
                               start_new_session=True)  # fmt: skip
    assert process.stdout.readline() == b"locked\n"
    yield process
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def test_a_second_process_is_refused_and_told_who_works_there(holder, tmp_path):
    with pytest.raises(DataError, match=rf"`python -m uninote_train sft` \(process {holder.pid} on .*wait for it to end"):
        lock_output(str(tmp_path), "evaluate").__enter__()


def test_the_lock_falls_with_its_holder_though_a_worker_of_it_lives_on(holder, tmp_path):
    os.kill(holder.pid, signal.SIGKILL)
    holder.wait()
    begun = time.monotonic()
    with lock_output(str(tmp_path), "rl"):
        assert json.loads((tmp_path / LOCK).read_text())["command"] == "rl"
    assert time.monotonic() - begun < 1


def test_one_after_the_other_is_fine_and_the_folder_is_made(tmp_path):
    for command in ("sft", "rl"):
        with lock_output(str(tmp_path / "a/b"), command) as folder:
            assert folder.is_dir()
            with pytest.raises(DataError, match="is running there"):
                lock_output(str(tmp_path / "a/b"), "sft").__enter__()


def test_a_lock_file_that_is_damaged_names_nobody(tmp_path):
    with lock_output(str(tmp_path), "sft"):
        (tmp_path / LOCK).write_bytes(b"\xff[]")
        with pytest.raises(DataError, match="another process is running there"):
            lock_output(str(tmp_path), "sft").__enter__()


@pytest.mark.parametrize("out", ["", " ", "s3://bucket/run", "/proc/nowhere", "/dev/null", "/dev/null/x", "x" * 300, "a\0b"])
def test_a_place_that_is_no_folder_to_write_to_is_one_line(out):
    with pytest.raises(SettingsError, match="^--out ") as refused:
        lock_output(out, "sft").__enter__()
    assert "\n" not in str(refused.value)
