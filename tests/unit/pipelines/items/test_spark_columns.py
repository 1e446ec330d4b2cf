"""An item has the same id, and the same text to read, in Spark as in plain Python."""

import pyarrow as pa
from pyspark.sql import functions as F

from pipelines.items import note_text, spark_columns
from pipelines.items.arrow_rows import item_row
from schemas.item import ITEM, item_id


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


def test_notes_are_read_with_the_text_in_their_pictures_as_in_plain_python(spark):
    words = {"a": "RED CUP", "b": "BLUE", "c": "RED CUP", "d": " "}
    ocr = spark.createDataFrame(list(words.items()), "image_id string, words string")
    whole, part = item_row("note", "n", ["a", "x", "b", "c", "d"], "Mugs\nTwo."), item_row("note", "n", ["b"], "Mugs\n")
    plain, picture = item_row("note", "m", ["x"], "Pots\n"), item_row("image", "n", ["a"])
    rows = [
        {"key": "k1", "query": picture, "positive": {"item": whole}, "candidates": [{"item": part}, {"item": plain}]},
        {"key": "k2", "query": plain, "positive": {"item": plain}, "candidates": []},
    ]
    one = pa.struct([("item", ITEM)])
    schema = pa.schema([("key", pa.string()), ("query", ITEM), ("positive", one), ("candidates", pa.list_(one))])
    frame = spark.createDataFrame(pa.Table.from_pylist(rows, schema))

    def read(item):
        return item | {"text": note_text.with_ocr(item["text"], item["image_ids"], words) if item["kind"] == "note" else None}

    wanted = {
        row["key"]: [read(i) for i in (row["query"], row["positive"]["item"], *(c["item"] for c in row["candidates"]))]
        for row in rows
    }
    found = spark_columns.with_ocr(frame, "key", ocr).toArrow().to_pylist()
    assert {r["key"]: [r["query"], r["positive"]["item"], *(c["item"] for c in r["candidates"])] for r in found} == wanted
    assert wanted["k1"][1]["text"] == "Mugs\nTwo.\nRED CUP\nBLUE"
    lists = spark_columns.with_ocr(frame.drop("positive"), "key", ocr)
    assert {r["key"]: [r["query"], *(c["item"] for c in r["candidates"])] for r in lists.toArrow().to_pylist()} == {
        key: [items[0], *items[2:]] for key, items in wanted.items()
    }
