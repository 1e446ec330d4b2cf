"""Exit codes of jobs: what a store refused is one line and ours, however deep an engine has buried it."""

import subprocess
import sys

import pytest

from tests.conftest import ROOT

pytestmark = pytest.mark.slow

JOB = """
import sys
from dataclasses import dataclass
from pipelines.run_job import run_job
from schemas.errors import DataError, StoreError

@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    how: str = ""

PAGE = '''An exception was thrown from the Python worker. Please see the stack trace below.
Traceback (most recent call last):
  File "/work/pipelines/picture_file.py", line 89, in picture_bytes
    raise _refused_by(store, up, uri) from None
schemas.errors.StoreError: s3://bucket: HTTP 503, asked 7 times in 24 s

\\tat org.apache.spark.api.python.BasePythonRunner$ReaderIterator.handlePythonException(PythonRunner.scala:654)
\\tat java.base/java.lang.Thread.run(Thread.java:1570)
'''

class Java:
    def toString(self):
        return PAGE

def run(settings):
    if settings.how == "here":
        raise StoreError("s3://bucket: HTTP 503, asked 7 times in 24 s")
    if settings.how == "page":
        raise RuntimeError(PAGE)
    if settings.how == "java":
        error = RuntimeError("Job aborted")
        error.java_exception = Java()
        raise error
    if settings.how == "cause":
        try:
            raise StoreError("s3://bucket: HTTP 503, asked 7 times in 24 s")
        except StoreError as error:
            raise RuntimeError("a task failed") from error
    if settings.how == "user":
        raise DataError("no notes")
    if settings.how == "ours":
        raise RuntimeError("a fault of ours")

run_job(Settings, run, "", {"how": ("--how", "")})
"""


def outcome(how):
    done = subprocess.run([sys.executable, "-c", JOB, "--how", how], cwd=ROOT, capture_output=True, text=True, check=False)
    return done.returncode, done.stderr


@pytest.mark.parametrize("how", ["here", "page", "java", "cause"])
def test_a_store_that_refuses_is_one_line_and_exit_code_1(how):
    assert outcome(how) == (1, "error: s3://bucket: HTTP 503, asked 7 times in 24 s\n")


def test_other_errors_are_what_they_were():
    assert outcome("user") == (2, "error: no notes\n")
    code, message = outcome("ours")
    assert code == 1
    assert message.splitlines()[-1] == "RuntimeError: a fault of ours"
    assert outcome("") == (0, "")
