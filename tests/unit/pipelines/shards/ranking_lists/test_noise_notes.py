"""On Spark: noise is free of ties, one a component, and what it is does not hang on partitions."""

import pyarrow as pa
import pytest

from pipelines.shards.ranking_lists.noise_notes import component_ties, noise

NOTES = [(f"n{k}", "train" if k < 40 else "test", f"c{k // 2}") for k in range(46)]


@pytest.fixture(scope="module")
def tables(spark):
    pool = pa.table(
        {
            "note_id": [n for n, _, _ in NOTES],
            "split": [s for _, s, _ in NOTES],
            "component_id": [c for _, _, c in NOTES],
            "item": [f"item of {n}" for n, _, _ in NOTES],
        }
    )
    pairs = [("n0", "n3"), ("n9", "n1"), ("n40", "n42")]
    positives = pa.table({"query": [{"note_id": q} for q, _ in pairs], "target": [{"note_id": t} for _, t in pairs]})
    lists = pa.table(
        {
            "list_key": [n for n, _, _ in NOTES],
            "split": [s for _, s, _ in NOTES],
            "component_id": [c for _, _, c in NOTES],
            "needed": [4] * len(NOTES),
        }
    )
    variants = pa.table({"note_id_l": ["n40"], "note_id_r": ["n44"]})
    frames = [spark.createDataFrame(table) for table in (pool, positives, lists, variants)]
    ties = component_ties(frames[1], frames[3], frames[0].select("note_id", "component_id"))
    return frames[2], frames[0], ties


def noise_by_list(lists, pool, ties, seed=0):
    return {
        row["list_key"]: [(n["item"], n["component_id"]) for n in row["noise"]]
        for row in noise(lists, pool, ties, seed).collect()
    }


def test_ties_go_both_ways_between_components(tables):
    assert {tuple(r) for r in tables[2].collect()} == {
        pair
        for left, right in (("c0", "c1"), ("c4", "c0"), ("c20", "c21"), ("c20", "c22"))
        for pair in ((left, right), (right, left))
    }


def test_noise_shares_neither_component_nor_pair_nor_split(tables):
    by_list = noise_by_list(*tables)
    tied = {tuple(r) for r in tables[2].collect()}
    note = {f"item of {n}": (s, c) for n, s, c in NOTES}
    for name, split, component in NOTES[:40]:
        others = [c for _, c in by_list[name]]
        assert len(others) == len(set(others)) == 4
        assert all(note[item] == (split, c) for item, c in by_list[name])
        assert component not in others
        assert not {(component, c) for c in others} & tied


def test_a_small_split_gives_short_lists_and_one_that_is_tied_to_all_gives_none(tables):
    by_list = noise_by_list(*tables)
    assert "n40" not in by_list and "n41" not in by_list  # both other components of the test split are tied to theirs
    assert [c for _, c in by_list["n42"]] == ["c22"]


def test_noise_is_the_same_for_any_partitions_and_moves_with_the_seed(tables):
    lists, pool, ties = tables
    again = noise_by_list(lists.repartition(7, "list_key"), pool.repartition(3, "item"), ties)
    assert again == noise_by_list(*tables)
    assert noise_by_list(*tables, seed=1) != again
