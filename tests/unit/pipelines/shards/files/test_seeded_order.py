"""On Spark, against sorting in Python."""

import pyarrow as pa
import pytest

from pipelines.shards.files.seeded_order import hashed, placed, smallest


@pytest.fixture
def rows(spark):
    table = pa.table({"key": [f"k{n}" for n in range(400)], "group": ["ab"[n % 7 == 0] for n in range(400)]})
    return spark.createDataFrame(table).withColumn("hash", hashed("key", 3, "test"))


def test_rows_stand_by_their_hash_whatever_the_partitions(rows):
    wanted = [r["key"] for r in sorted(rows.collect(), key=lambda r: (r["hash"], r["key"]))]
    for partitions in (1, 5):
        found = placed(rows.repartition(partitions, "key"), "hash", "key").collect()
        assert [r["key"] for r in sorted(found, key=lambda r: r["position"])] == wanted
        assert sorted(r["position"] for r in found) == list(range(400))


def test_each_group_is_numbered_from_0(rows):
    found = placed(rows, "hash", "key", ["group"], "number").collect()
    for group in "ab":
        mine = sorted((r["hash"], r["number"]) for r in found if r["group"] == group)
        assert [number for _, number in mine] == list(range(len(mine)))


def test_the_smallest_hashes_of_each_group_are_taken(rows):
    every = rows.collect()
    counts = {(g,): sum(r["group"] == g for r in every) for g in "ab"}
    found = smallest(rows, ["group"], {("a",): 30, ("b",): 5}, counts, ("hash", "key")).collect()
    for group, quota in (("a", 30), ("b", 5)):
        wanted = sorted((r["hash"], r["key"]) for r in every if r["group"] == group)[:quota]
        assert sorted((r["hash"], r["key"]) for r in found if r["group"] == group) == wanted


def test_nothing_wanted_is_nothing(rows):
    assert smallest(rows, ["group"], {("a",): 0}, {("a",): 9}, ("hash", "key")).isEmpty()
