"""The split of a component, in Spark and in plain Python."""

from collections import Counter
from hashlib import sha256

from pyspark.sql import functions as F

from pipelines.mining.components.split_hash import split


def by_hand(component_id, train, validation, seed):
    drawn = int(sha256(f"{seed} {component_id}".encode()).hexdigest()[:13], 16) / 2**52
    return "train" if drawn < train else "validation" if drawn < train + validation else "test"


def splits(spark, names, *settings):
    frame = spark.createDataFrame([(n,) for n in names], "component_id string")
    rows = frame.select("component_id", split(F.col("component_id"), *settings).alias("split")).collect()
    return {r["component_id"]: r["split"] for r in rows}


def test_is_what_plain_python_says(spark):
    names = [f"note {i}" for i in range(2_000)] + ["笔记_一", "", "a:b", "🙂"]
    for settings in ((0.9, 0.05, 0), (0.5, 0.3, 12)):
        assert splits(spark, names, *settings) == {n: by_hand(n, *settings) for n in names}


def test_gives_each_split_about_its_share_and_another_seed_another_draw(spark):
    names = [str(i) for i in range(10_000)]
    first, second = splits(spark, names, 0.9, 0.05, 0), splits(spark, names, 0.9, 0.05, 1)
    share = Counter(first.values())
    # Four standard deviations of a binomial of 10,000.
    assert abs(share["train"] - 9_000) < 120
    assert abs(share["validation"] - 500) < 88
    assert sum(first[n] != second[n] for n in names) > 1_000


def test_leaves_a_split_of_no_share_empty(spark):
    assert set(splits(spark, [str(i) for i in range(300)], 1.0, 0.0, 0).values()) == {"train"}
