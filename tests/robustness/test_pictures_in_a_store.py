"""Spark reads pictures out of a store: names as they stand, and a store that refuses for good is one line for the user."""

import hashlib
import subprocess
import sys

import pytest

from pipelines.mining.images.fingerprint_step import picture_digests
from pipelines.mining.intake.picture_references import picture_references
from pipelines.workspace.error_messages import store_fault
from testkit.loopback_store import loopback_store
from tests.conftest import ROOT

NAMES = [
    "a b.jpg",
    "a%20b.jpg",
    "a#b.jpg",
    "a?endpoint_override=127.0.0.1:9&scheme=http",
    "图片.jpg",
    "photo:1.jpg",
    "./dot.jpg",
]


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    folder = tmp_path_factory.mktemp("objects")
    for name in NAMES:
        file = folder / "bucket" / "pictures" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(name.encode())
    with loopback_store(folder) as server:
        yield server, f"gs://anonymous@bucket/pictures?endpoint_override={server.endpoint}&scheme=http&retry_limit_seconds=1"


def notes_of(spark, names):
    rows = [("note", [{"image_id": str(n), "uri": name} for n, name in enumerate(names)])]
    return spark.createDataFrame(rows, "note_id string, images array<struct<image_id string, uri string>>")


def test_the_names_of_notes_are_keys_below_the_root(spark, store):
    _, root = store
    references = picture_references(
        notes_of(spark, [*NAMES, "none.jpg", "/etc/hostname", "s3://other/x", "data:,x"]), root
    ).good
    places = references.selectExpr("uri", "image_id", "cast(null as binary) as content")
    uris = {row["image_id"]: row["uri"] for row in references.collect()}
    assert uris["0"] == "gs://anonymous@bucket/pictures/a b.jpg"
    assert uris["5"] == "gs://anonymous@bucket/pictures/photo:1.jpg"
    result = {row["image_id"]: row["reason"] for row in picture_digests(places, 10, root).collect()}
    outside = "outside the image root"
    assert list(result[str(n)] for n in range(len(NAMES) + 4)) == [
        *[None] * len(NAMES),
        "missing file",
        outside,
        outside,
        "unreadable file",
    ]
    places = places.where("uri not like 's3://%'")  # there is no such store here
    anywhere = {row["image_id"]: row["reason"] for row in picture_digests(places, 10, root, anywhere=True).collect()}
    assert [anywhere[str(n)] for n in range(len(NAMES))] == [None] * len(NAMES)
    assert anywhere[str(len(NAMES) + 1)] is None  # /etc/hostname
    assert anywhere[str(len(NAMES) + 3)] == "unreadable file"


def test_a_name_below_a_file_uri_stands_as_it_is(spark, tmp_path):
    names = ["a b.jpg", "a%20b.jpg", "100%.jpg", "a#b?.jpg", "图片.jpg"]
    (tmp_path / "my pictures").mkdir()
    for name in names:
        (tmp_path / "my pictures" / name).write_bytes(name.encode())
    for root in ((tmp_path / "my pictures").as_uri(), str(tmp_path / "my pictures")):
        references = picture_references(notes_of(spark, names), root).good
        places = references.selectExpr("uri", "image_id", "cast(null as binary) as content")
        result = picture_digests(places, 5, root).collect()
        assert {row["sha256"] for row in result} == {hashlib.sha256(name.encode()).hexdigest() for name in names}


@pytest.mark.slow
def test_a_store_that_refuses_for_good_fails_the_task_with_a_line(spark, store):
    server, root = store
    places = picture_references(notes_of(spark, NAMES), root).good.selectExpr(
        "uri", "image_id", "cast(null as binary) as content"
    )
    server.control(faults={"kind": 403, "count": 10**6})
    try:
        with pytest.raises(Exception) as caught:  # Spark has its own
            picture_digests(places, 10, root).collect()
    finally:
        server.control(faults={})
    line = store_fault(caught.value)
    assert line.startswith("gs://anonymous@bucket: HTTP 403")
    assert "asked 7 times" in line
    assert "\n" not in line


JOB = """
import sys
from dataclasses import dataclass
from pipelines.run_job import run_job
from pipelines.mining.images.fingerprint_step import picture_digests
from pipelines.engines.spark_session import spark_session

@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    root: str = ""

def run(settings):
    spark = spark_session("store")
    place = settings.root.split("?")[0]
    rows = [(f"{place}/{n}.jpg", str(n), None) for n in range(4)]
    places = spark.createDataFrame(rows, "uri string, image_id string, content binary")
    picture_digests(places, 4, settings.root).collect()

run_job(Settings, run, "", {"root": ("--root", "")})
"""


@pytest.mark.slow
@pytest.mark.spark
def test_the_user_reads_one_line_and_the_exit_code_is_ours(store):
    server, root = store
    server.control(faults={"kind": 403, "count": 10**6})
    try:
        done = subprocess.run(
            [sys.executable, "-c", JOB, "--root", root], cwd=ROOT, capture_output=True, text=True, check=False
        )
    finally:
        server.control(faults={})
    assert done.returncode == 1
    lines = done.stderr.splitlines()  # Spark's own words at its start come before, where nobody has given it a log4j file
    assert lines[-1].startswith("error: gs://anonymous@bucket: HTTP 403, access denied, asked 7 times"), done.stderr
    assert sum("StoreError" in line or "HTTP 403" in line for line in lines) == 1
    assert not any(line.startswith(("Traceback", "\tat ", "Caused by")) for line in lines)
