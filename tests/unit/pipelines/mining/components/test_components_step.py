"""Every kept note has a component, a size and a split."""

import random
from collections import Counter

import pytest
from pyspark.sql import functions as F

from pipelines.items.spark_columns import spark_type
from pipelines.mining.components.components_step import Components, components
from schemas.datasets import COMPONENTS
from schemas.errors import SettingsError


def notes_of(spark, notes):
    return spark.createDataFrame([(n,) for n in notes], "note_id string")


TIES = "note_id_l string, note_id_r string, reason string, weight double, is_weak boolean"


def edges_of(spark, edges, weak=()):
    rows = [(*ends, "crop", weight, False) for *ends, weight in edges]
    rows += [(*ends, "variant", weight, True) for *ends, weight in weak]
    return spark.createDataFrame(rows, TIES)


def placed(output):
    return {r["note_id"]: (r["component_id"], r["size"]) for r in output.rows.collect()}


def counted(output):
    return {r["reason"]: r["rows"] for r in output.dropped.collect() if r["rows"]}


def test_places_every_kept_note_and_no_other(spark):
    edges = [("c", "b", 0.9), ("b", "a", 0.2), ("x", "gone", 1.0), ("gone", "y", 1.0)]
    output = components(notes_of(spark, "abcxy"), edges_of(spark, edges), Components())
    assert placed(output) == {"a": ("a", 3), "b": ("a", 3), "c": ("a", 3), "x": ("x", 1), "y": ("y", 1)}
    assert counted(output) == {"ties to notes that are not kept": 2}
    assert output.rows.dtypes == [(f.name, spark_type(f.type)) for f in COMPONENTS.columns]


def test_cuts_what_is_above_the_cap_at_its_weakest_edges_and_says_so(spark):
    clusters = [("a", "b", 0.9), ("b", "c", 0.9), ("x", "y", 0.9), ("y", "z", 0.8)]
    bridges = [("c", "x", 0.3), ("a", "z", 0.2)]
    output = components(
        notes_of(spark, "abcpqxyz"),
        edges_of(spark, [*clusters, *bridges, ("p", "q", 0.1)]),
        Components(max_component_notes=4, max_component_share=0.0, train=0.0, validation=0.0, test=1.0),
    )
    assert {r["note_id"]: r["split"] for r in output.rows.collect()} == dict.fromkeys("abcxyz", "train") | {
        "p": "test",
        "q": "test",
    }
    assert placed(output) == {n: (group[0], len(group)) for group in ("abc", "xyz", "pq") for n in group}
    assert counted(output) == {"weakest ties of components above the cap": 2, "components above 4 notes, cut": 1}


def test_lets_a_component_have_its_share_of_many_notes(spark):
    edges = edges_of(spark, [("a", "b", 0.9), ("b", "c", 0.9), ("c", "d", 0.9)])
    notes = notes_of(spark, "abcdefgh")
    half = components(notes, edges, Components(max_component_notes=1, max_component_share=0.5))
    assert placed(half)["d"] == ("a", 4)
    less = components(notes, edges, Components(max_component_notes=1, max_component_share=0.49))
    assert max(size for _, size in placed(less).values()) == 3


def test_never_puts_a_component_in_two_splits(spark):
    names = [f"n{i}" for i in range(600)]
    edges = [(f"n{i}", f"n{i + 1}", 0.5) for i in range(0, 599, 2)]
    rows = components(notes_of(spark, names), edges_of(spark, edges), Components(train=0.4, validation=0.3, test=0.3)).rows
    of = {r["note_id"]: r["split"] for r in rows.collect()}
    assert all(of[a] == of[b] for a, b, _ in edges)
    assert min(Counter(of.values()).values()) > 100


def test_is_the_same_whatever_the_partitions_and_the_order_of_rows(spark):
    rng = random.Random(4)
    names = [f"n{i}" for i in range(80)]
    edges = [(rng.choice(names), rng.choice(names), rng.choice([0.2, 0.5, 0.9])) for _ in range(70)]
    settings = Components(max_component_notes=9, max_component_share=0.0)
    results = []
    for partitions in (1, 2, 7):
        rng.shuffle(names)
        rng.shuffle(edges)
        frame = edges_of(spark, edges).repartition(partitions)
        output = components(notes_of(spark, names).repartition(partitions), frame, settings)
        results.append((sorted(map(tuple, output.rows.collect())), counted(output)))
    assert results[0] == results[1] == results[2]
    assert results[0][1]["components above 9 notes, cut"] >= 1


def test_weak_ties_join_components_up_to_their_cap_the_strongest_first(spark):
    strong = [("a", "b", 1.0), ("c", "d", 1.0), ("e", "f", 1.0)]
    weak = [("b", "c", 0.2), ("d", "e", 0.9), ("x", "y", 0.1), ("a", "b", 0.5)]
    output = components(notes_of(spark, "abcdefxyz"), edges_of(spark, strong, weak), Components(max_weak_notes=4))
    assert placed(output) == {n: (group[0], len(group)) for group in ("ab", "cdef", "xy", "z") for n in group}
    groups = {r["note_id"]: r["content_group"] for r in output.rows.collect()}
    assert groups == {n: group[0] for group in ("ab", "cd", "ef", "x", "y", "z") for n in group}
    assert counted(output) == {"weak ties (variants, pictures of many notes) between components": 1}
    test_only = Components(max_weak_notes=4, train=0.0, validation=0.0, test=1.0)
    again = components(notes_of(spark, "abcdefxyz"), edges_of(spark, strong, weak), test_only)
    splits = {r["note_id"]: r["split"] for r in again.rows.collect()}
    assert splits == dict.fromkeys("abcdef", "train") | dict.fromkeys("xyz", "test")
    whole = components(notes_of(spark, "abcdefxyz"), edges_of(spark, strong, weak), Components(max_weak_notes=6))
    assert placed(whole) == {n: (group[0], len(group)) for group in ("abcdef", "xy", "z") for n in group}


def test_no_component_above_the_weak_cap_stands_on_weak_ties(spark):
    rng = random.Random(7)
    names = [f"n{i:02}" for i in range(60)]
    strong = [(rng.choice(names), rng.choice(names), 1.0) for _ in range(25)]
    weak = [(rng.choice(names), rng.choice(names), rng.choice([0.1, 0.5])) for _ in range(80)]
    output = components(notes_of(spark, names), edges_of(spark, strong, weak), Components(max_weak_notes=9))
    rows = output.rows.collect()
    by_group = Counter(r["content_group"] for r in rows)
    assert all(r["size"] <= 9 or r["size"] == by_group[r["content_group"]] for r in rows)
    assert len({r["component_id"] for r in rows}) < len(by_group)
    component = {r["note_id"]: r["component_id"] for r in rows}
    assert all(component[one] == component[other] for one, other, _ in strong)


def test_weak_ties_join_no_piece_of_a_component_that_was_cut(spark):
    edges = [("a", "b", 0.9), ("b", "c", 0.9), ("c", "d", 0.5)]
    settings = Components(max_component_notes=2, max_component_share=0.0)
    output = components(notes_of(spark, "abcdx"), edges_of(spark, edges, [("d", "x", 0.9)]), settings)
    assert placed(output)["x"] == ("x", 1)
    assert {r["content_group"] for r in output.rows.collect()} == {"a", "x"}


def test_works_without_edges(spark):
    output = components(notes_of(spark, "ab"), edges_of(spark, []), Components())
    assert placed(output) == {"a": ("a", 1), "b": ("b", 1)}
    assert counted(output) == {}


@pytest.mark.parametrize("aqe", ["true", "false"])
def test_is_right_with_and_without_adaptive_plans(spark, aqe):
    before = spark.conf.get("spark.sql.adaptive.enabled")
    spark.conf.set("spark.sql.adaptive.enabled", aqe)
    try:
        edges = spark.range(300).select(
            F.concat(F.lit("n"), F.lpad(F.col("id").cast("string"), 4, "0")).alias("note_id_l"),
            F.concat(F.lit("n"), F.lpad((F.col("id") + 3).cast("string"), 4, "0")).alias("note_id_r"),
            F.lit("crop").alias("reason"),
            F.lit(1.0).alias("weight"),
            F.lit(False).alias("is_weak"),
        )
        notes = edges.select(F.col("note_id_l").alias("note_id")).union(edges.select("note_id_r")).distinct()
        result = placed(components(notes, edges, Components()))
    finally:
        spark.conf.set("spark.sql.adaptive.enabled", before)
    assert result == {f"n{i:04d}": (f"n{i % 3:04d}", 101) for i in range(303)}


@pytest.mark.parametrize(
    "wrong",
    [{"train": 0.8}, {"train": 1.1, "test": -0.15}, {"max_component_notes": 0}, {"max_component_share": 1.5}],
)
def test_refuses_settings_that_cannot_be(wrong):
    with pytest.raises(SettingsError, match="got"):
        Components(**wrong)
