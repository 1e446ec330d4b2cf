"""How a program starts and ends: a missing package and a signal are one line and an exit code."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from schemas.start import Interrupted, interruptible, missing_package

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[3]
BLOCK = """
import sys
class Block:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] == {package!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
sys.meta_path.insert(0, Block())
"""


@pytest.mark.parametrize(
    ("program", "package", "requirements"),
    [
        (["jobs/annotate_images.py"], "ray", "-r requirements/mining.txt -r requirements/models.txt"),
        (["jobs/mine_hard_negatives.py"], "torch", "-r requirements/mining.txt -r requirements/models.txt"),
        (["jobs/judge_relevance.py"], "pyarrow", "-r requirements/mining.txt -r requirements/models.txt"),
        (["jobs/mine_pairs.py"], "pyspark", "-r requirements/mining.txt"),
        (["jobs/audit_workspace.py"], "pydantic", "-r requirements/mining.txt"),
        (["-m", "uninote_train", "sft"], "torch", "-r requirements/mining.txt -r requirements/models.txt -r requirements/train.txt"),
        (["-m", "uninote_train", "evaluate"], "pydantic", "-r requirements/train.txt"),
    ],
)  # fmt: skip
def test_a_package_that_is_missing_is_one_line_with_what_to_install(program, package, requirements, tmp_path):
    (tmp_path / "sitecustomize.py").write_text(BLOCK.format(package=package))
    env = os.environ | {"PYTHONPATH": str(tmp_path)}
    done = subprocess.run([sys.executable, *program], cwd=ROOT, env=env, capture_output=True, text=True)
    [line] = done.stderr.splitlines()
    assert done.returncode == 2
    assert line.startswith(
        f"error: the package '{package}' is not installed for {sys.executable}; install what this command needs"
    )
    assert requirements in line


def test_a_module_of_ours_that_is_missing_is_our_fault():
    assert missing_package(ModuleNotFoundError("no", name="pipelines.nothing"), "mining") is None
    assert "cannot be loaded (libcuda.so)" in missing_package(ImportError("libcuda.so", name="torch"), "models")
    assert missing_package(ImportError("Please install X"), "models").startswith(
        "the package cannot be loaded (Please install X)"
    )


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_that_ends_a_program_is_an_exception_in_it(number):
    assert signal.getsignal(number) is signal.SIG_DFL
    with pytest.raises(Interrupted) as stopped, interruptible():
        os.kill(os.getpid(), number)
    assert stopped.value.number == number
    assert signal.getsignal(number) is signal.SIG_DFL


def test_a_signal_that_is_ignored_stays_ignored():
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)  # nohup
    try:
        with interruptible():
            os.kill(os.getpid(), signal.SIGHUP)
    finally:
        signal.signal(signal.SIGHUP, before)


def test_a_signal_during_imports_ends_the_program_where_an_exception_would_not(tmp_path):
    """A C++ module that starts (torch) turns an exception of Python into an abort, or loses it."""
    program = """
import os, signal
from schemas.start import starting
with starting("mining"):
    try:
        os.kill(os.getpid(), signal.{name})
        for _ in range(1000): pass
    except BaseException:
        print("the exception was lost")
print("went on")
"""
    for name, code in (("SIGINT", 130), ("SIGTERM", 143), ("SIGHUP", 129)):
        done = subprocess.run(
            [sys.executable, "-c", program.format(name=name)], cwd=ROOT, capture_output=True, text=True, check=False
        )
        assert (done.returncode, done.stdout) == (code, "")
        assert done.stderr == f"interrupted by {name}: nothing was done yet\n"
