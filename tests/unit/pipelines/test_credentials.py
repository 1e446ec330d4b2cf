"""A URI with a password in it ends the job without being printed; what is told of a picture has none."""

import subprocess
import sys

import pytest

from pipelines.credentials import redacted, refuse_credentials
from schemas.errors import SettingsError
from tests.conftest import ROOT


@pytest.mark.parametrize(
    "uri",
    [
        "s3://AKIA:hunter2@bucket/mined",
        "https://user:hunter2@host/v1",
        "https://b.s3.amazonaws.com/x?X-Amz-Credential=a&X-Amz-Signature=hunter2",
        "https://a.blob.core.windows.net/x?sv=1&sig=hunter2",
        "s3://bucket/mined?secret_key=hunter2",
    ],
)
def test_a_uri_with_a_secret_is_refused_and_not_told(uri):
    with pytest.raises(SettingsError) as caught:
        refuse_credentials({"input": {"notes": uri, "clicks": None}, "seed": 1})
    assert "input.notes" in str(caught.value)
    assert "hunter2" not in str(caught.value)
    assert "hunter2" not in redacted(uri)


@pytest.mark.parametrize(
    "text",
    [
        "s3://bucket/mined",
        "abfss://container@account.dfs.core.windows.net/x",
        "hdfs://me@host:9000/x",
        "out",
        "a:b@c",
        "http://localhost:8000/v1",
    ],
)
def test_other_texts_are_let_through_and_told_as_they_are(text):
    refuse_credentials({"a": [text], "b": {"c": text}})
    assert redacted(text) == text


def test_a_job_refuses_it_in_one_line():
    job = [sys.executable, ROOT / "jobs/audit_workspace.py", "--workspace", "s3://AKIA:hunter2@bucket/mined"]
    done = subprocess.run(job, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert "hunter2" not in done.stderr
