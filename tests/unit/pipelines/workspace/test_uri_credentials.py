"""A URI with a password ends the job without being printed; messages about pictures contain no password."""

import subprocess
import sys
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.workspace.uri_credentials import redacted, refuse_credentials
from schemas.credentials import is_secret
from schemas.errors import SettingsError
from tests.conftest import ROOT

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    "uri",
    [
        "s3://AKIA:hunter2@bucket/mined",
        "https://user:hunter2@host/v1",
        "https://b.s3.amazonaws.com/x?X-Amz-Credential=a&X-Amz-Signature=hunter2",
        "https://a.blob.core.windows.net/x?sv=1&sig=hunter2",
        "s3://bucket/mined?secret_key=hunter2",
        "https://host/v1?key=AIzahunter2",
        "https://host/v1?x=1&api-key=hunter2",
        "s3://bucket/x?AWSAccessKeyId=hunter2",
        "https://host/x?auth=hunter2",
        "https://host/x?X-Goog-Signature=hunter2",
        "https://host/x?GoogleAccessId=hunter2",
        "https://host/x?pw=hunter2",
        "https://host/x;jwt=hunter2",
        "https://host/x#access_token=hunter2",
        "https://host/x?%6bey=hunter2",
        "https://host/x?anything=hunter2hunter2hunter2hunter2",
        "s3://AKIA:hunter2/def@bucket",
        "s3a://AKIA:1/hunter2@bucket/notes",
        "s3://AKIA:12/hunter2@bucket/notes",
        "s3://hunter2@bucket/notes",
        "https://ghp_hunter2@host",
        "https://hunter2@host/x?y",
        "https://user%3Ahunter2%40host@other",
        "HTTPS://user:hunter2@host",
        "hdfs://me:hunter2@host:9000/x",
        "git+https://hunter2:x-oauth-basic@github.com/a/b",
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
        "http://[::1]:8000/v1",
        "hdfs://host:9000/user@x/a",
        "s3://bucket/user@home/a:b@c",
        "https://host/~me@home/v1",
        "gs://anonymous@bucket/x",
        "sk-learn",
        "/models/sk-embedding-large-v2",
        "keys/a.jpg",
    ],
)
def test_other_texts_are_let_through_and_told_as_they_are(text):
    refuse_credentials({"a": [text], "b": {"c": text}})
    assert redacted(text) == text


@pytest.mark.parametrize(
    "uri",
    [
        "s3://bucket/x?region=eu-west-1&endpoint_override=minio:9000&scheme=http",
        "gs://bucket?retry_limit_seconds=2&project_id=0123456789abcdef0123456789",
        "https://host/openai?api-version=2026-02-01",
        "https://host/model?revision=0123456789abcdef0123456789abcdef01234567",
        "https://host/x?author=me&design=flat",
    ],
)
def test_options_that_are_no_secrets_are_let_through(uri):
    refuse_credentials({"a": uri})


@pytest.mark.parametrize(
    "text",
    [
        "AKIAIOSFODNN7EXAMPLE",
        "AIzaSyA1234567890abcdefghij",
        "ghp_0123456789abcdefghij",
        "hf_0123456789abcdefghij",
        "sk-proj-0123456789abcdefghij",
        "Bearer 0123456789",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.x",
        "-----BEGIN RSA PRIVATE KEY-----",
    ],
)
def test_a_key_that_stands_in_a_setting_by_itself_is_refused(text):
    with pytest.raises(SettingsError, match="judge.key_variable"):
        refuse_credentials({"judge": {"key_variable": text}})


@given(st.text(max_size=300))
def test_any_text_is_looked_at_in_no_time_and_what_is_printed_is_short(text):
    for uri in (text, f"s3://{text}", f"s3://{text}@b/x"):
        is_secret(uri)
        assert len(redacted(uri)) <= 210


def test_a_long_text_is_looked_at_in_no_time():
    for text in ("a:" * 100_000, "?" * 100_000, "s3://" + ":" * 100_000, "x://" + "a1" * 100_000, "?a=" + "1" * 100_000):
        began = time.monotonic()
        is_secret(text), is_secret(f"s3://{text}"), redacted(f"https://{text}")
        assert time.monotonic() - began < 2


@pytest.mark.parametrize(
    "uri", ["s3://AKIA:hunter2@bucket/mined", "s3://AKIA:hunter2/def@bucket", "https://ghp_hunter2@host", "s3://b?key=hunter2"]
)
@pytest.mark.parametrize("flags", [["--workspace"], ["--set", "workspace="]])
def test_a_job_refuses_it_in_one_line(uri, flags):
    arguments = [*flags[:-1], f"{flags[-1]}{uri}"] if flags[-1].endswith("=") else [*flags, uri]
    done = subprocess.run(
        [sys.executable, ROOT / "jobs/audit_workspace.py", *arguments], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert "hunter2" not in done.stderr


@pytest.mark.slow
def test_the_trainer_refuses_it_too():
    command = [sys.executable, "-m", "uninote_train", "sft", "--shards", "https://ghp_hunter2@host/x", "--out", "out"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "hunter2" not in done.stderr + done.stdout
