"""How a job's session is planned for what it reads."""

import subprocess
import sys

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
