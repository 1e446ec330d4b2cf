"""Sums of 1/N: exact enough, and the same in any order."""

from fractions import Fraction

import pytest
from pyspark.sql import functions as F

from pipelines.clicks import reciprocal


def summed(frame):
    n = F.col("n")
    parts = frame.agg(F.sum(reciprocal.high(n)).alias("high"), F.sum(reciprocal.low(n)).alias("low"))
    return parts.select(reciprocal.total(F.col("high"), F.col("low"))).first()[0]


def test_adds_fractions_to_the_last_digit_in_any_order(spark):
    frame = spark.range(2, 100_002).select((F.col("id") % 199 + 2).alias("n"))
    wanted = float(sum(Fraction(1, i % 199 + 2) for i in range(2, 100_002)))
    sums = {summed(frame.repartition(p, F.hash("n", F.lit(p)))) for p in (1, 2, 7)}
    assert len(sums) == 1
    assert sums.pop() == pytest.approx(wanted, rel=1e-14)


def test_one_user_of_one_note_weighs_one(spark):
    assert summed(spark.createDataFrame([(1,)], "n long")) == 1.0


def test_has_room_for_a_thousand_million_users_of_one_pair(spark):
    n = spark.createDataFrame([(2,)], "n long")
    most = n.select((reciprocal.high(F.col("n")) * 10**9).alias("high"), (reciprocal.low(F.col("n")) * 10**9).alias("low"))
    assert most.select(reciprocal.total(F.col("high"), F.col("low"))).first()[0] == 5e8
