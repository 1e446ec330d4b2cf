"""Connected components against networkx."""

import itertools

import networkx
import numpy as np
import pytest
from pyspark.sql import functions as F

from pipelines.mining.components.connected_components import FEW_LINKS, connected_components, cut_lineage


def edges_of(spark, edges):
    return spark.createDataFrame(edges, "l string, r string")


def labels(frame):
    rows = frame.collect()
    result = {r["note_id"]: r["component_id"] for r in rows}
    assert len(result) == len(rows)
    return result


def by_networkx(edges):
    parts = networkx.connected_components(networkx.Graph(edges))
    return {note: min(part) for part in parts for note in part}


def random_edges(seed, notes, count):
    ends = np.random.default_rng(seed).integers(0, notes, (count, 2))
    return [(f"n{a}", f"n{b}") for a, b in ends.tolist()]


@pytest.mark.parametrize("few_links", [0, FEW_LINKS])
@pytest.mark.parametrize(("notes", "count"), [(40, 15), (60, 40), (60, 200)])
def test_agrees_with_networkx(spark, notes, count, few_links):
    edges = random_edges(count, notes, count)
    assert labels(connected_components(edges_of(spark, edges), few_links=few_links)) == by_networkx(edges)


@pytest.mark.parametrize("few_links", [0, FEW_LINKS])
def test_sorts_ids_as_spark_does(spark, few_links):
    edges = [("\U0001f600", "\uffee"), ("é", "z"), ("Z", "é"), ("笔记", "\uffee")]
    assert labels(connected_components(edges_of(spark, edges), few_links=few_links)) == by_networkx(edges)


def test_is_the_same_whatever_the_partitions_and_the_order_of_edges(spark):
    edges = edges_of(spark, random_edges(1, 200, 180))
    results = [labels(connected_components(edges.repartition(p, F.hash("r", F.lit(p))), few_links=0)) for p in (1, 2, 7)]
    assert results[0] == results[1] == results[2] == by_networkx([tuple(e) for e in edges.collect()])


def test_follows_a_chain_of_ten_thousand_notes_to_its_smallest(spark):
    order = np.random.default_rng(0).permutation(10_000).tolist()
    chain = [(f"n{a:05d}", f"n{b:05d}") for a, b in itertools.pairwise(order)]
    rounds = []
    result = labels(connected_components(edges_of(spark, chain), lambda f: rounds.append(1) or cut_lineage(f), 0))
    assert len(result) == 10_000
    assert set(result.values()) == {"n00000"}
    assert len(rounds) <= 16


def test_gathers_a_hub_of_five_thousand_in_few_rounds(spark):
    rounds = []
    hub = [("hub", f"n{i}") for i in range(5_000)]
    result = labels(connected_components(edges_of(spark, hub), lambda f: rounds.append(1) or cut_lineage(f), 0))
    assert set(result.values()) == {"hub"}
    assert len(rounds) <= 2


def test_knows_a_note_that_is_tied_to_itself_only(spark):
    assert labels(connected_components(edges_of(spark, [("a", "a"), ("c", "b"), ("b", "c")]))) == {"a": "a", "b": "b", "c": "b"}


def test_makes_nothing_of_no_edges(spark):
    assert labels(connected_components(edges_of(spark, []))) == {}


def test_stores_its_rounds_in_the_checkpoint_directory_where_there_is_one(spark, tmp_path):
    context = spark.sparkContext
    edges = random_edges(2, 30, 20)
    assert context.getCheckpointDir() is None
    context.setCheckpointDir(str(tmp_path))
    try:
        assert labels(connected_components(edges_of(spark, edges))) == by_networkx(edges)
        assert list(tmp_path.glob("*/rdd-*"))
    finally:
        # Spark can set the directory but not unset it; the other tests share this session.
        getattr(context._jsc.sc(), "checkpointDir_$eq")(context._jvm.scala.Option.empty())
    assert context.getCheckpointDir() is None
