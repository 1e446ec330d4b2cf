"""How a job's session is planned for what it reads."""

import subprocess
import sys

import pyarrow as pa
import pytest

from pipelines.engines.spark_session import IF_SMALL, SMALL_BYTES, plan_for
from tests.support.workspaces import ROOT


def planned(spark, input_bytes):
    """The settings of a session of its own after `plan_for`."""
    session = spark.newSession()
    before = {key: session.conf.get(key) for key in IF_SMALL}
    plan_for(session, input_bytes)
    return before, {key: session.conf.get(key) for key in IF_SMALL}


def test_a_small_input_on_one_machine_is_planned_simply(spark):
    before, after = planned(spark, SMALL_BYTES)
    assert after == IF_SMALL != before


def test_a_large_input_keeps_what_spark_does_by_itself(spark):
    before, after = planned(spark, SMALL_BYTES + 1)
    assert after == before


@pytest.mark.parametrize("input_bytes", [0, SMALL_BYTES])
def test_partitions_that_were_asked_for_stay(spark, input_bytes):
    session = spark.newSession()
    asked = session.conf.get("spark.sql.shuffle.partitions")
    plan_for(session, input_bytes)
    assert asked == spark.sparkContext.getConf().get("spark.sql.shuffle.partitions")
    assert session.conf.get("spark.sql.shuffle.partitions") == asked


@pytest.mark.slow
def test_nothing_is_printed_after_the_end_of_the_session():
    program = (
        "from pipelines.engines.spark_session import end_session, spark_session\n"
        "spark = spark_session('end')\n"
        "java = spark.sparkContext._jvm.System.err\n"
        "java.println('before the end')\n"
        "print(spark.range(8).mapInArrow(lambda batches: batches, 'id long').count())\n"
        "end_session(spark)\n"
        "java.println('BrokenPipeError')\n"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True, timeout=120)
    assert done.stdout == "8\n"
    assert "before the end" in done.stderr and "BrokenPipeError" not in done.stderr


def test_a_worker_that_java_closed_ends_without_a_traceback():
    program = (
        "import os, socket\n"
        "os.environ['PYTHON_DAEMON_KILL_WORKER_ON_FLUSH_FAILURE'] = '1'\n"
        "from pyspark import daemon\n"
        "from pipelines.engines.python_daemon import worker\n"
        "for run in (worker, daemon.worker):\n"
        "    ours, javas = socket.socketpair()\n"
        "    javas.close()\n"
        "    try:\n"
        "        print(run(ours, True))\n"
        "    except BrokenPipeError:\n"
        "        print('a traceback')\n"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout == "1\na traceback\n", done.stderr


def test_workers_are_forked_by_our_daemon(spark):
    def name(batches):
        for _ in batches:
            import sys

            yield pa.RecordBatch.from_pydict({"module": [sys.modules["__main__"].__spec__.name]})

    assert [row["module"] for row in spark.range(1).mapInArrow(name, "module string").collect()] == [
        "pipelines.engines.python_daemon"
    ]
