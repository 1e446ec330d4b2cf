"""A disk that is full, read-only or wrong: one clear error, nothing lost, and the next run mends it."""

import json
import shutil
import subprocess
from contextlib import contextmanager

import pytest

from pipelines.workspace.error_messages import user_message
from pipelines.workspace.filesystem import Folder
from pipelines.workspace.lock import workspace_lock
from pipelines.workspace.spark_stages import Stages
from pipelines.workspace.workspace import Workspace
from schemas.datasets import POSITIVES
from tests.support.workspaces import mining_arguments, rows_of, run_job


@contextmanager
def disk(folder, *options):
    """A file system of its own, in memory; skips where nobody may mount one."""
    folder.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", ",".join(options), "tmpfs", folder], capture_output=True, check=False)
    if done.returncode:
        pytest.skip("only root may mount a small disk")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


def last_line(done):
    return done.stdout.strip().splitlines()[-1]


def test_a_full_disk_ends_the_job_with_a_line_and_what_stood_stands(corpus, mined, tmp_path):
    with disk(tmp_path / "disk", "size=300k") as place:
        full = run_job(*mining_arguments(corpus, place / "w"))
        assert full.returncode == 2, full.stdout[-3000:]
        assert last_line(full).startswith("error: ") and "space" in last_line(full).lower()
        assert "Traceback" not in full.stdout
        stood = [path.parent for path in (place / "w").rglob("_current.json")]
        for dataset in stood:
            assert json.loads((dataset / "_current.json").read_text())["files"]
        subprocess.run(["mount", "-o", "remount,size=64m", place], check=True)
        again = run_job(*mining_arguments(corpus, place / "w"))
        assert again.returncode == 0, again.stdout[-3000:]
        assert rows_of(place / "w") == rows_of(mined[0])


def test_a_read_only_disk_is_refused_before_any_work(corpus, tmp_path):
    with disk(tmp_path / "disk", "ro") as place:
        done = run_job(*mining_arguments(corpus, place / "w"))
    assert done.returncode == 2
    assert last_line(done).startswith("error: ") and "ead-only" in last_line(done)


def test_a_second_job_is_refused_while_one_works(corpus, tmp_path):
    with workspace_lock(Folder(str(tmp_path / "w")), "annotate_images"):
        done = run_job(*mining_arguments(corpus, tmp_path / "w"))
    assert done.returncode == 2
    assert "jobs/annotate_images.py" in last_line(done) and "is running on this workspace" in last_line(done)


def test_spark_takes_no_row_of_a_page_with_a_flipped_bit(spark, mined, tmp_path):
    shutil.copytree(mined[0], tmp_path / "w")
    stages = Stages(spark, Workspace(str(tmp_path / "w")))
    whole = stages.read(POSITIVES).count()
    assert whole
    uri = stages.workspace.files(POSITIVES.name)[0]
    with open(uri, "r+b") as file:
        content = file.read()
        at = len(content) // 3  # in the pages: the footer is the last few kilobytes
        file.seek(at)
        file.write(bytes([content[at] ^ 16]))
    with pytest.raises(Exception) as error:  # Spark's own, whichever it is
        stages.read(POSITIVES).write.format("noop").mode("overwrite").save()
    assert f"{tmp_path}/w/positives/_current.json" in user_message(error.value)
