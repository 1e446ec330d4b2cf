"""How a job's session is planned for what it reads."""

import pytest

from pipelines.engines.spark_session import IF_SMALL, SMALL_BYTES, plan_for


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
