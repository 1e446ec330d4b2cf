"""What Spark shuffles and spills on this machine lies where nobody else may look, unless the user has named a place."""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from scripts.plain_environment import plain_environment

ROOT = Path(__file__).resolve().parents[2]
WORK = """
import glob, json, os, sys
os.umask(0o022)
from pipelines.engines.spark_session import spark_session
spark = spark_session("private places")
from pyspark import StorageLevel
context = spark.sparkContext
rows = spark.range(1000).selectExpr("concat('person', id) as user_id").repartition(3, "user_id").persist(StorageLevel.DISK_ONLY)
rows.mapInArrow(lambda batches: batches, rows.schema).groupBy("user_id").count().count()
place = os.environ.get("SPARK_LOCAL_DIRS") or context.getConf().get("spark.local.dir", "/tmp")
blocks = glob.glob(f"{glob.escape(place)}/**/blockmgr-*", recursive=True)
sockets = context.getConf().get("spark.python.unix.domain.socket.dir", "")
files = [os.path.join(base, name) for place in blocks for base, _, names in os.walk(place) for name in names]
def closed(path):
    parents = [path, *[str(p) for p in __import__("pathlib").Path(path).parents]]
    return any(os.stat(p).st_mode & 0o077 == 0 for p in parents)
print(json.dumps({"blocks": blocks, "sockets": sockets, "files": len(files), "closed": all(map(closed, [*files, sockets]))}))
spark.stop()
"""
pytestmark = [pytest.mark.spark, pytest.mark.nightly]


@pytest.fixture
def short():
    """A folder for temporary files: a socket's path must be short."""
    with tempfile.TemporaryDirectory(prefix="u-") as folder:
        yield Path(folder)


def run(short, **environment):
    found = plain_environment() | {"TMPDIR": str(short), "PYTHONPATH": str(ROOT), "SPARK_LOCAL_IP": "127.0.0.1"} | environment
    done = subprocess.run([sys.executable, "-c", WORK], env=found, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout.splitlines()[-1])


def test_blocks_and_sockets_are_closed_to_others_and_gone_when_the_job_has_ended(short):
    found = run(short)
    assert found["files"] > 0
    assert found["closed"]
    assert found["sockets"].startswith(str(short))
    assert all(place.startswith(str(short)) for place in found["blocks"])
    assert list(short.iterdir()) == []


@pytest.mark.parametrize("by", ["environment", "conf"])
def test_a_place_that_the_user_has_named_is_used(by, short, tmp_path):
    place = tmp_path / "fast disk"
    place.mkdir()
    named = (
        {"SPARK_LOCAL_DIRS": str(place)}
        if by == "environment"
        else {"PYSPARK_SUBMIT_ARGS": f"--conf 'spark.local.dir={place}' pyspark-shell"}
    )
    found = run(short, **named)
    assert found["files"] > 0
    assert all(block.startswith(str(place)) for block in found["blocks"])
