"""Co-click pairs from literal clicks."""

import random
from datetime import UTC, datetime

import pytest
from pyspark.sql import functions as F

from pipelines.items import spark_columns
from pipelines.mining.clicks import user_histories_step
from pipelines.mining.clicks.co_click_step import CoClick, co_clicks
from schemas.datasets import PAIRS

DAY = 86_400
END = 1_750_000_000


def clicks_of(spark, clicks):
    rows = [(u, n, datetime.fromtimestamp(at, UTC)) for u, n, at in clicks]
    return spark.createDataFrame(rows, "user_id string, note_id string, clicked_at timestamp")


def items_of(spark, notes):
    frame = spark.createDataFrame([(n,) for n in notes], "note_id string")
    return frame.select("note_id", spark_columns.item("note", F.col("note_id"), text=F.col("note_id")).alias("item"))


def mined(output):
    """{(a, b): evidence and score} of an output."""
    rows = output.rows.select("query.note_id", "target.note_id", "score", "evidence.*").collect()
    return {(r[0], r[1]): r for r in rows}


def counted(output):
    return {r["reason"]: r["rows"] for r in output.dropped.collect() if r["rows"]}


def walk(user, notes, start=END):
    """A user's clicks, a second apart: walk("u", "a b c")."""
    return [(user, n, start + i) for i, n in enumerate(notes.split())]


def test_says_how_many_went_from_one_note_to_the_other_and_how_much_they_weigh(spark):
    clicks = walk("u", "a b") + walk("v", "a b c") + walk("w", "b a")
    output = co_clicks(clicks_of(spark, clicks), items_of(spark, "abc"), CoClick())
    result = mined(output)
    assert set(result) == {("a", "b")}
    row = result["a", "b"]
    assert row["users"] == 2
    assert row["cooccurrence"] == pytest.approx(1 / 2 + 1 / 3, abs=1e-15)
    assert row["score"] == pytest.approx((1 / 2 + 1 / 3) / (1 / 2 + 1 / 3 + 1 / 2), abs=1e-15)
    two, three = 2**-0.5, 3**-0.5
    assert row["swing"] == pytest.approx((two * three + two * two + two * three) / (1 + 2), abs=1e-15)
    assert [(n, t) for n, t in output.rows.dtypes] == [(f.name, spark_columns.spark_type(f.type)) for f in PAIRS.columns]


def test_counts_every_click_and_user_that_it_leaves_out(spark):
    old, lone = [("u", "a", END - 7 * DAY)], [("lone", "a", END), ("lone", "a", END - 1)]
    bot = [("bot", n, END - 5) for n in "abcd"]
    people = walk("u", "a b", END - 1) + walk("v", "a b", END - 1)
    unkept = [("u", "gone", END - 3), ("v", "gone", END - 3), ("v", "gone", END - 2)]
    clicks = clicks_of(spark, old + lone + bot + people + unkept)
    output = co_clicks(clicks, items_of(spark, "abcd"), CoClick(max_notes_per_user=3))
    assert set(mined(output)) == {("a", "b")}
    assert counted(output) == {
        "clicks before the window": 1,
        "clicks on notes that are not kept": 3,
        "users with fewer than 2 notes": 1,
        "users with more than 3 notes": 1,
        "clicks of users with fewer than 2 notes": 2,
        "clicks of users with more than 3 notes": 4,
    }
    assert output.report(output.rows) == {"clicks_counted": 4}


def test_ends_the_window_at_the_newest_click_of_any_note_and_excludes_its_first_instant(spark):
    newest = [("x", "gone", END)]
    edge = walk("u", "a b", END - 7 * DAY) + walk("v", "a b", END - 7 * DAY)
    inside = walk("u", "c d", END - 7 * DAY + 1) + walk("v", "c d", END - 7 * DAY + 1)
    output = co_clicks(clicks_of(spark, newest + edge + inside), items_of(spark, "abcd"), CoClick())
    # a stands in the window's first instant, so it is out; b and c are clicked in one second.
    assert set(mined(output)) == {("c", "d"), ("b", "d")}


def test_takes_the_first_click_of_a_note_and_a_single_user_where_one_is_enough(spark):
    clicks = [*walk("u", "a b"), ("u", "a", END + 9)]
    result = mined(co_clicks(clicks_of(spark, clicks), items_of(spark, "ab"), CoClick(min_users=1)))
    assert {pair: (row["users"], row["swing"]) for pair, row in result.items()} == {("a", "b"): (1, 0.0)}


def test_keeps_the_best_pairs_of_a_query_the_smaller_note_first_among_equals(spark):
    clicks = [c for u in ("u", "v") for c in walk(u, "q b") + walk(u + "2", "q a c")]
    output = co_clicks(clicks_of(spark, clicks), items_of(spark, "qabc"), CoClick(top_pairs=2))
    assert set(mined(output)) == {("q", "b"), ("q", "a"), ("a", "c")}
    assert counted(output) == {"pairs after the 2 best of their query": 1}


def test_makes_nothing_of_no_clicks(spark):
    output = co_clicks(clicks_of(spark, []), items_of(spark, "ab"), CoClick())
    assert output.rows.isEmpty()
    assert counted(output) == {}


def test_gives_the_same_bits_whatever_the_partitions_and_the_order_of_rows(spark, monkeypatch):
    rng = random.Random(3)
    clicks = [(f"u{rng.randrange(40)}", f"n{rng.randrange(12)}", END - rng.randrange(5 * DAY)) for _ in range(500)]
    settings = CoClick(top_pairs=3, swing_users_per_note=8)
    results, counts = [], []
    for partitions in (1, 2, 7):
        rng.shuffle(clicks)
        monkeypatch.setattr(user_histories_step, "CLICKS_A_TASK", 600 // partitions)
        output = co_clicks(
            clicks_of(spark, clicks).repartition(partitions), items_of(spark, [f"n{i}" for i in range(12)]), settings
        )
        results.append(output.rows.sort("pair_id").toArrow())
        counts.append(counted(output))
    assert results[0].num_rows == 36
    assert counts[0]["swing: users after the first 8 of a note"] > 0
    assert counts[0]["pairs after the 3 best of their query"] > 0
    assert results[1:] == [results[0]] * 2
    assert counts[1:] == [counts[0]] * 2
