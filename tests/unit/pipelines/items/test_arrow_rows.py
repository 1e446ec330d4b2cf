"""Items and pairs have the same columns and ids as Arrow rows and as Spark columns."""

import random

import pyarrow as pa
from pyspark.sql import functions as F

from pipelines.items import spark_columns
from pipelines.items.arrow_rows import item_row, note_rows, pair_row
from schemas.datasets import PAIRS

PARTS = ["", "a", "b:2", "今天 ✨", "𠀀字", "\n", "1:x", " ", "é", "e\u0301"]
EVIDENCE = {"containment": 0.25, "users": 3}


def text(rng):
    return "".join(rng.choices(PARTS, k=rng.randrange(5)))


def test_random_items_and_pairs_are_spelled_alike(spark):
    rng = random.Random(3)
    cases = [
        (f"n{k}", [text(rng) or "i" for _ in range(rng.randrange(4))], rng.choice([None, text(rng)]), rng.random())
        for k in range(200)
    ]
    frame = spark.createDataFrame(cases, "note string, ids array<string>, words string, score double")
    note = spark_columns.item("note", F.col("note"), F.col("ids"), text=F.col("words"))
    part = spark_columns.item("text", F.col("note"), text=F.col("words"))
    evidence = {name: F.lit(value) for name, value in EVIDENCE.items()}
    pairs = frame.select(*spark_columns.pair("within_note", "note_to_text", note, part, F.col("score"), evidence))
    rows = [
        pair_row(
            "within_note",
            "note_to_text",
            item_row("note", note, ids, words),
            item_row("text", note, text=words),
            score,
            EVIDENCE,
        )
        for note, ids, words, score in cases
    ]
    key = [("pair_id", "ascending")]
    assert pairs.toArrow().cast(PAIRS.columns).sort_by(key) == pa.Table.from_pylist(rows, PAIRS.columns).sort_by(key)


def test_whole_notes_are_spelled_alike(spark):
    notes = [("n1", "title", "body"), ("n2", None, "今天 ✨"), ("n3", "only", None), ("n4", None, None)]
    images = [("n1", 2, "b"), ("n1", 1, "c"), ("n1", 3, "a"), ("n3", 1, "d"), ("gone", 1, "e")]
    frames = (
        spark.createDataFrame(notes, "note_id string, title string, body string"),
        spark.createDataFrame(images, "note_id string, position int, image_id string"),
    )
    expected = {row["note_id"]: row["item"].asDict(True) for row in spark_columns.note_items(*frames).collect()}
    tables = [frame.toArrow() for frame in frames]
    assert note_rows(*tables, {note_id for note_id, *_ in notes}) == expected
