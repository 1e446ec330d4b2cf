"""An item has the same id in Spark as in plain Python."""

from pyspark.sql import functions as F

from pipelines.items import spark_columns
from schemas.item import item_id


def test_spells_an_item_as_plain_python_does(spark):
    cases = [("n1", ["a", "b"], "今天 ✨\nhello"), ("n:2", [], ""), ("3", ["x" * 20], "𠀀字")]
    frame = spark.createDataFrame(cases, "note_id string, ids array<string>, text string")
    note = spark_columns.item("note", F.col("note_id"), F.col("ids"), text=F.col("text"))
    result = {r["note_id"]: r["id"] for r in frame.select("note_id", note["item_id"].alias("id")).collect()}
    assert result == {n: item_id("note", n, ids, text=t) for n, ids, t in cases}


def test_spells_a_crop_with_its_box(spark):
    box = (0.1, 0.25, 0.9000005, 1.0)
    crop = spark_columns.item("crop", F.lit("n"), F.array(F.lit("i")), spark_columns.region(*[F.lit(v) for v in box]))
    assert spark.range(1).select(crop["item_id"]).first()[0] == item_id("crop", "n", ["i"], box)
