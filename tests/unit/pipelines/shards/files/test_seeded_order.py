"""On Spark, against sorting in Python."""

import pyarrow as pa
import pytest

from pipelines.shards.files.seeded_order import hashed, placed, smallest


@pytest.fixture
def rows(spark):
    table = pa.table({"key": [f"k{n}" for n in range(400)], "group": ["ab"[n % 7 == 0] for n in range(400)]})
    return spark.createDataFrame(table).withColumn("hash", hashed("key", 3, "test"))


def test_rows_stand_by_their_hash_whatever_the_partitions(rows):
    expected = [r["key"] for r in sorted(rows.collect(), key=lambda r: (r["hash"], r["key"]))]
    for partitions in (1, 5):
        result = placed(rows.repartition(partitions, "key"), "hash", "key").collect()
        assert [r["key"] for r in sorted(result, key=lambda r: r["position"])] == expected
        assert sorted(r["position"] for r in result) == list(range(400))


def test_each_group_is_numbered_from_0(rows):
    result = placed(rows, "hash", "key", ["group"], "number").collect()
    for group in "ab":
        in_group = sorted((r["hash"], r["number"]) for r in result if r["group"] == group)
        assert [number for _, number in in_group] == list(range(len(in_group)))


def test_the_smallest_hashes_of_each_group_are_taken(rows):
    every = rows.collect()
    counts = {(g,): sum(r["group"] == g for r in every) for g in "ab"}
    result = smallest(rows, ["group"], {("a",): 30, ("b",): 5}, counts, ("hash", "key")).collect()
    for group, quota in (("a", 30), ("b", 5)):
        expected = sorted((r["hash"], r["key"]) for r in every if r["group"] == group)[:quota]
        assert sorted((r["hash"], r["key"]) for r in result if r["group"] == group) == expected


def test_nothing_wanted_is_nothing(rows):
    assert smallest(rows, ["group"], {("a",): 0}, {("a",): 9}, ("hash", "key")).isEmpty()
