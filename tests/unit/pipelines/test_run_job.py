"""Checks that every job makes before it starts, and how it ends."""

import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from pipelines.run_job import run_job
from schemas.start import Interrupted

ROOT = Path(__file__).resolve().parents[3]


@dataclass(frozen=True)
class Job:
    workspace: str = "out"


def ended(run, monkeypatch, capsys, *arguments):
    """Return the exit code and the message."""
    monkeypatch.setattr(sys, "argv", ["job.py", *arguments])
    with pytest.raises(SystemExit) as end:
        run_job(Job, run, "", {"workspace": ("--workspace", "")})
    return end.value.code, capsys.readouterr().err


@pytest.mark.parametrize("form", ["{}", "file://{}", "{}/below", "file://{}/below/more"])
def test_a_workspace_that_is_a_file_is_one_line_before_any_work(form, tmp_path, monkeypatch, capsys):
    (tmp_path / "file").write_text("mine")
    code, message = ended(pytest.fail, monkeypatch, capsys, "--workspace", form.format(tmp_path / "file"))
    assert code == 2
    assert message.startswith("error: --workspace ") and message.endswith("file is a file, expected a folder; choose another\n")


@pytest.mark.parametrize(
    "name", ["annotate_images", "audit_workspace", "build_shards", "judge_relevance", "mine_hard_negatives", "mine_pairs",
             "open_workspace", "report_pairs"]
)  # fmt: skip
@pytest.mark.slow
def test_every_job_says_so(name, tmp_path):
    (tmp_path / "file").write_text("mine")
    line = [sys.executable, f"jobs/{name}.py", "--workspace", str(tmp_path / "file")]
    done = subprocess.run(line, cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (
        2,
        f"error: --workspace {tmp_path}/file: {tmp_path}/file is a file, expected a folder; choose another\n",
    )


def interrupted(error):
    def run(_):
        raise error

    return run


def after_an_interrupt(_):
    try:
        raise KeyboardInterrupt
    except KeyboardInterrupt:
        raise RuntimeError("the engine is gone")  # noqa: B904  # as engines do


@pytest.mark.parametrize(
    ("run", "code", "name"),
    [
        (interrupted(KeyboardInterrupt()), 130, "SIGINT"),
        (interrupted(Interrupted(signal.SIGTERM)), 143, "SIGTERM"),
        (after_an_interrupt, 130, "SIGINT"),
        (lambda _: os.kill(os.getpid(), signal.SIGTERM), 143, "SIGTERM"),
    ],
)
def test_an_interrupt_is_one_line_that_says_how_to_resume(run, code, name, monkeypatch, capsys):
    assert ended(run, monkeypatch, capsys) == (
        code,
        f"interrupted by {name}: published datasets are kept; run the same command again to resume\n",
    )


@pytest.mark.parametrize("error", [NotADirectoryError(20, "Not a directory", "/a/b"), FileExistsError(17, "File exists", "/a")])
def test_a_path_of_the_wrong_type_is_one_line(error, monkeypatch, capsys):
    code, message = ended(interrupted(error), monkeypatch, capsys)
    assert code == 2 and message.startswith(f"error: {error.filename}: {error.strerror}: ") and message.count("\n") == 1
