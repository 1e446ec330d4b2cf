"""What rows say does not depend on their order, their files, or the place of what they name."""

import pytest
from pyspark.sql import functions as F

from pipelines.mining.intake.content_fingerprint import content

SCHEMA = "id string, n bigint, names array<struct<image_id string, uri string>>, bytes binary"
ROWS = [(f"n{k}", k if k % 3 else None, [("a", f"/x/{k}")] if k % 2 else None, bytes([k])) for k in range(40)]


@pytest.fixture
def rows(spark):
    return spark.createDataFrame(ROWS, SCHEMA).persist()


def test_order_and_partitions_do_not_count(spark, rows):
    assert content(rows) == content(rows.repartition(7, "n")) == content(rows.orderBy(F.desc("id")).coalesce(1))
    assert content(rows) == content(rows.select(*reversed(rows.columns)))


@pytest.mark.parametrize("column", ["id", "n", "names", "bytes"])
def test_every_value_counts_and_a_null_is_none(spark, rows, column):
    other = {"id": F.lit("m"), "n": F.lit(7), "names": F.lit(None).cast(rows.schema["names"].dataType), "bytes": F.lit(b"z")}
    changed = rows.withColumn(column, F.when(F.col("id") == "n1", other[column]).otherwise(F.col(column)))
    assert content(changed) != content(rows)


def test_a_row_more_a_row_less_and_a_row_twice_count(spark, rows):
    found = [rows, rows.where("id != 'n1'"), rows.unionByName(rows.where("id = 'n1'")), rows.limit(0)]
    assert len({content(one) for one in found}) == 4


def test_values_that_change_places_count(spark):
    one, other = (spark.createDataFrame(r, "a string, b string") for r in ([("x", "y"), ("z", "w")], [("x", "w"), ("z", "y")]))
    assert content(one) != content(other)
