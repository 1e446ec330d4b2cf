"""On Spark: which pairs become rows, against doing it by hand."""

from collections import Counter

import pyarrow as pa
import pytest

from pipelines.shards.training_rows.select_pairs import ENOUGH, NOT_ASKED, TOO_FEW, TWICE, Sft, select_pairs
from schemas.errors import SettingsError


def tables(spark, pairs):
    """pairs: (query, positive, task, granularity, number of negatives)."""
    rows = [
        {
            "pair_id": f"{g}-{q}-{p}",
            "task": t,
            "granularity": g,
            "split": "train",
            "query": {"item_id": q},
            "target": {"item_id": p},
        }
        for q, p, t, g, _ in pairs
    ]
    negatives = [{"query_id": q, "positive_id": p, "task": t} for q, p, t, _, n in pairs for _ in range(n)]
    schema = pa.schema([(name, pa.string()) for name in ("query_id", "positive_id", "task")])
    return spark.createDataFrame(pa.Table.from_pylist(rows)), spark.createDataFrame(pa.Table.from_pylist(negatives, schema))


def test_a_pair_that_two_found_is_one_and_counts_under_the_first(spark):
    pairs = [("q", "p", "image_to_image", g, 0) for g in ("crop", "near_duplicate_image")]
    rows, left_out = select_pairs(*tables(spark, pairs), Sft(), 0)
    assert [(r["pair_id"], r["granularity"]) for r in rows.collect()] == [("near_duplicate_image-q-p", "near_duplicate_image")]
    assert left_out[TWICE] == 1


def test_granularities_take_turns_and_rows_with_negatives_come_first(spark):
    clicks = [(f"q{k}", "p", "note_to_note", "co_click", int(k < 12)) for k in range(60)]
    texts = [(f"t{k}", "p", "note_to_note", "partial_text", 1) for k in range(5)]
    other = [("x", "y", "text_to_text", "partial_text", 0)]
    frames = tables(spark, clicks + texts + other)
    rows = select_pairs(*frames, Sft(per_task=25, tasks=("note_to_note",)), 0)
    selected = [r.asDict() for r in rows[0].collect()]
    assert Counter(r["granularity"] for r in selected) == {"co_click": 20, "partial_text": 5}
    queries = {r["query_id"] for r in selected if r["granularity"] == "co_click"}
    assert {f"q{k}" for k in range(12)} <= queries
    assert {name: n for name, n in rows[1].items() if n} == {NOT_ASKED: 1, ENOUGH: 40}
    again = select_pairs(*(frame.repartition(7) for frame in frames), Sft(per_task=25, tasks=("note_to_note",)), 0)[0].collect()
    assert sorted(r["pair_id"] for r in again) == sorted(r["pair_id"] for r in selected)
    moved = select_pairs(*frames, Sft(per_task=25, tasks=("note_to_note",)), 1)[0].collect()
    assert {r["pair_id"] for r in moved} != {r["pair_id"] for r in selected}


def test_min_negatives_leaves_pairs_out_and_counts_them(spark):
    pairs = [(f"q{k}", "p", "text_to_note", "within_note", k) for k in range(4)]
    rows, left_out = select_pairs(*tables(spark, pairs), Sft(min_negatives=2), 0)
    assert sorted(r["query_id"] for r in rows.collect()) == ["q2", "q3"]
    assert left_out[TOO_FEW] == 2


def test_an_unknown_task_is_a_mistake():
    with pytest.raises(SettingsError, match="unknown \\['note_to_not'\\]"):
        Sft(tasks=("note_to_not",))
