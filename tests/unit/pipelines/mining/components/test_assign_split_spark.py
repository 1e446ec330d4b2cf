"""A pair stays only when both of its notes are in one split; the certificate counts that again."""

import pytest
from pyspark.sql import functions as F

from pipelines.items import spark_columns
from pipelines.mining.components.assign_split_spark import assign_split
from pipelines.mining.components.leak_check import leak_certificate
from schemas.datasets import POSITIVES


@pytest.fixture
def components(spark):
    rows = [("a", "a", 2, "train"), ("b", "a", 2, "train"), ("c", "c", 1, "test"), ("d", "d", 1, "train")]
    return spark.createDataFrame(rows, "note_id string, component_id string, size long, split string")


def pairs_of(spark, ends):
    frame = spark.createDataFrame(ends, "q string, t string")
    query, target = spark_columns.item("note", F.col("q")), spark_columns.item("note", F.col("t"))
    frames = [
        frame.select(spark_columns.pair(granularity, "note_to_note", query, target, F.lit(1.0), {}))
        for granularity in ("co_click", "partial_text")
    ]
    return frames[0].union(frames[1])


def test_adds_the_component_and_split_and_counts_by_granularity_what_it_drops(spark, components):
    output = assign_split(pairs_of(spark, [("b", "a"), ("b", "d"), ("a", "c"), ("a", "gone")]), components)
    rows = output.rows.where("granularity = 'co_click'").select("query.note_id", "target.note_id", "component_id", "split")
    assert sorted(map(tuple, rows.collect())) == [("b", "a", "a", "train"), ("b", "d", "a", "train")]
    assert {r["reason"]: r["rows"] for r in output.dropped.collect()} == {
        "co_click: notes in two splits": 1,
        "co_click: a note without a component": 1,
        "partial_text: notes in two splits": 1,
        "partial_text: a note without a component": 1,
    }
    assert output.rows.dtypes == [(f.name, spark_columns.spark_type(f.type)) for f in POSITIVES.columns]


def test_certifies_clean_splits(spark, components):
    positives = assign_split(pairs_of(spark, [("b", "a"), ("a", "c")]), components).rows
    assert leak_certificate(positives, components) == {
        "pairs_across_splits": 0,
        "components_across_splits": 0,
        "components": 3,
        "largest_component": 2,
        "notes": 4,
        "share_of_notes": {"test": 0.25, "train": 0.75},
    }


def test_finds_a_leak_that_it_is_given(spark, components):
    leaking = pairs_of(spark, [("b", "a"), ("a", "c"), ("a", "gone")]).select(
        "*", F.lit("a").alias("component_id"), F.lit("train").alias("split")
    )
    torn = components.withColumn("split", F.when(F.col("note_id") == "b", "test").otherwise(F.col("split")))
    assert leak_certificate(leaking, components)["pairs_across_splits"] == 4
    assert leak_certificate(leaking, torn)["components_across_splits"] == 1
