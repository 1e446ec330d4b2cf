"""On Spark: rows into shards, and what a picture that cannot be shown takes with it."""

from itertools import pairwise

import pyarrow as pa
import pytest
from pyspark.sql import functions as F

from pipelines.shards.files.assign_shards import PictureTables, assign_shards, without_missing_pictures

ITEM = pa.struct([("image_ids", pa.list_(pa.string())), ("text", pa.string())])
CANDIDATE = pa.struct([("item", ITEM)])
ROWS = pa.schema(
    [("key", pa.string()), ("order", pa.int64()), ("query", ITEM), ("positive", CANDIDATE), ("candidates", pa.list_(CANDIDATE))]
)
LISTS = pa.schema([field for field in ROWS if field.name != "positive"])


def item(*images):
    return {"image_ids": list(images), "text": "words"}


def row(key, query, positive, *candidates):
    order = hash((key, 1)) % (1 << 62) * 2 - (1 << 62)
    return {
        "key": key,
        "order": order,
        "query": query,
        "positive": {"item": positive},
        "candidates": [{"item": c} for c in candidates],
    }


@pytest.fixture
def pictures(spark):
    """Pictures i0 to i9 of 1000 bytes; i8 and i9 cannot be read."""
    files = pa.table({"image_id": [f"i{k}" for k in range(10)], "sha256": [f"s{k}" for k in range(10)]})
    contents = pa.table(
        {
            "sha256": [f"s{k}" for k in range(10)],
            "content": [b"x" * 1000 if k < 8 else None for k in range(10)],
            "reason": [None if k < 8 else "missing file" for k in range(10)],
        }
    )
    return PictureTables(spark.createDataFrame(files), spark.createDataFrame(contents))


def candidates_left(spark, rows, pictures, schema=ROWS):
    rows, is_lost = without_missing_pictures(spark.createDataFrame(pa.Table.from_pylist(rows, schema)), pictures, "key")
    return {r["key"]: [c["item"]["image_ids"] for c in r["candidates"]] for r in rows.where(~is_lost).collect()}


def test_a_picture_that_cannot_be_read_takes_its_candidate_or_the_row(spark, pictures):
    rows = [
        row("whole", item("i0"), item("i1"), item("i2")),
        row("candidate", item("i0"), item("i1"), item("i2"), item("i3", "i8"), item()),
        row("query", item("i9"), item("i1"), item("i2")),
        row("positive", item("i0"), item("i1", "i8"), item("i2")),
    ]
    assert candidates_left(spark, rows, pictures) == {"whole": [["i2"]], "candidate": [["i2"], []]}


def test_a_ranking_list_is_whole_or_leaves(spark, pictures):
    rows = [row("whole", item("i0"), item(), item("i2")), row("short", item("i0"), item(), item("i2"), item("i8"))]
    assert candidates_left(spark, rows, pictures, LISTS) == {"whole": [["i2"]]}


def test_rows_are_assigned_evenly_and_each_shard_has_its_pictures_once(spark, pictures):
    rows = [row(f"k{k:03}", item(f"i{k % 8}"), item("i0"), item(f"i{(k + 3) % 8}")) for k in range(200)]
    assignment = assign_shards(
        spark.createDataFrame(pa.Table.from_pylist(rows, ROWS)),
        pictures,
        "key",
        ["position", "key", "query", "positive", "candidates"],
        40_000,
    )
    ordered = sorted(assignment.rows.collect(), key=lambda r: r["position"])
    assert [r["key"] for r in ordered] == [r["key"] for r in sorted(rows, key=lambda r: (r["order"], r["key"]))]
    assert [r["position"] for r in ordered] == list(range(200))
    shards = [r["shard"] for r in ordered]
    assert shards == sorted(shards) and set(shards) == set(range(assignment.number))
    sizes = [shards.count(s) for s in range(assignment.number)]
    assert max(sizes) - min(sizes) <= 1
    stored = sorted((r["shard"], r["image_id"]) for r in assignment.pictures.collect())
    expected = {
        (r["shard"], i)
        for r in ordered
        for one in [r["query"], r["positive"]["item"], *(c["item"] for c in r["candidates"])]
        for i in one["image_ids"]
    }
    assert stored == sorted(expected)


def test_pictures_that_all_rows_show_do_not_ask_for_more_shards(spark, pictures):
    rows = [row(f"k{k:03}", item("i0"), item("i1"), item("i2")) for k in range(100)]
    table = spark.createDataFrame(pa.Table.from_pylist(rows, ROWS))
    numbers = [assign_shards(table, pictures, "key", ["position"], size).number for size in (1 << 20, 64_000, 33_000, 12_000)]
    assert numbers[:3] == [1, 2, 3]  # some 63 kB of text, 3 kB of pictures in each shard; summed row by row, 363 kB
    assert all(a <= b for a, b in pairwise(numbers))


def test_no_rows_are_one_empty_shard(spark, pictures):
    assignment = assign_shards(spark.createDataFrame(ROWS.empty_table()), pictures, "key", ["position"], 1 << 20)
    assert (assignment.number, assignment.rows.count(), assignment.pictures.count()) == (1, 0, 0)
    assert assignment.rows.where(F.col("shard") > 0).isEmpty()
