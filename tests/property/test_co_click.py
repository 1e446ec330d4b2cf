"""Co-click on generated clicks: Spark agrees with plain Python and DuckDB."""

from datetime import UTC, datetime

import duckdb
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyspark.sql import functions as F

from pipelines.items import spark_columns
from pipelines.mining.clicks.co_click_step import CoClick, co_clicks
from tests.support.click_reference import DAY, first_visits, swing_by_hand, transitions

END = 1_750_000_000
NOTES = [f"n{i}" for i in range(8)]
# Few notes, few instants: the same note again, two notes at once and the window's edge all happen.
CLICK = st.tuples(
    st.sampled_from([f"u{i}" for i in range(12)]),
    st.sampled_from(NOTES),
    st.sampled_from([END, END - 1, END - DAY, END - 7 * DAY, END - 7 * DAY + 1, END - 8 * DAY]),
)
SETTINGS = CoClick(max_notes_per_user=5, top_pairs=3, swing_users_per_note=4, seed=11)


def mine(spark, clicks, expected):
    frame = spark.createDataFrame(clicks)
    names = spark.createDataFrame([(n,) for n in NOTES[:-1]], "note_id string")
    note_items = names.select("note_id", spark_columns.item("note", F.col("note_id")).alias("item"))
    rows = (
        co_clicks(frame, note_items, expected).rows.select("query.note_id", "target.note_id", "score", "evidence.*").collect()
    )
    return {(r[0], r[1]): r for r in rows}


def table(clicks):
    at = pa.array([datetime.fromtimestamp(c[2], UTC) for c in clicks], pa.timestamp("us", tz="UTC"))
    return pa.table({"user_id": [c[0] for c in clicks], "note_id": [c[1] for c in clicks], "clicked_at": at})


@settings(max_examples=3, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(clicks=st.lists(CLICK, min_size=60, max_size=150))
def test_agrees_with_plain_python(spark, clicks):
    result = mine(spark, table(clicks), SETTINGS)
    seen = first_visits(clicks, set(NOTES[:-1]), cap=5)
    expected = transitions(seen, top=3)
    hashes = spark.createDataFrame([(u,) for u in seen], "u string").select("u", F.xxhash64(F.lit(11), "u")).collect()
    priority = {r[0]: r[1] for r in hashes}
    assert set(result) == set(expected)
    for (a, b), (users, cooccurrence, score) in expected.items():
        row = result[a, b]
        assert row["users"] == users
        assert row["cooccurrence"] == pytest.approx(float(cooccurrence), abs=1e-14)
        assert row["score"] == pytest.approx(float(score), abs=1e-14)
        assert 0 < row["score"] <= 1
        assert row["swing"] == pytest.approx(swing_by_hand(seen, a, b, 1.0, 4, priority), abs=1e-14)


def test_agrees_with_the_sum_in_sql(spark):
    rng = np.random.default_rng(5)
    picks = rng.integers(0, len(NOTES), 3000)
    clicks = table([(f"u{rng.integers(900)}", NOTES[p], END - int(rng.integers(9 * DAY))) for p in picks])
    kept = NOTES[:-1]
    expected = duckdb.execute(
        """
        with visits as (
            select user_id, note_id, min(clicked_at) as first_click from clicks
            where clicked_at > (select max(clicked_at) from clicks) - interval 7 day and list_contains($kept, note_id)
            group by all),
        sized as (select *, count(*) over (partition by user_id) as n from visits)
        select a.note_id, b.note_id, count(*), sum(1.0 / a.n)
        from sized a join sized b on a.user_id = b.user_id and a.first_click < b.first_click
        where a.n between 2 and 6 group by all having count(*) >= 2
        """,
        {"kept": kept},
    ).fetchall()
    result = mine(spark, clicks, CoClick(max_notes_per_user=6))
    assert {(a, b): users for a, b, users, _ in expected} == {p: r["users"] for p, r in result.items()}
    assert max(abs(result[a, b]["cooccurrence"] - total) for a, b, _, total in expected) < 1e-12
    assert len(expected) == 42
