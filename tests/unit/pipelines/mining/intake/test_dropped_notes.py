"""Every note that is right and is not kept is told with its rule, or counted as one of too many."""

import pytest

from pipelines.items.spark_columns import spark_type
from pipelines.mining.intake.dropped_notes import BEYOND
from pipelines.mining.intake.readers import UNREADABLE
from pipelines.mining.intake.select_notes_step import OVER_QUOTA, kept_notes
from pipelines.mining.intake.stratified_balance import Balance
from pipelines.mining.intake.validate_notes import Filter, Intake
from schemas.inputs import NOTES_IN

LIKES = "fewer than 101 likes"


@pytest.fixture(scope="module")
def read(spark):
    rows = [(f"n{k:04}", "hot" if k % 4 else "rare", [], 50 if k % 5 == 0 else 200) for k in range(400)]
    frame = spark.createDataFrame(
        rows, "note_id string, topic string, images array<struct<image_id:string,uri:string>>, like_count long"
    )
    absent = [f"cast(null as {spark_type(f.type)}) as {f.name}" for f in NOTES_IN if f.name not in frame.columns]
    return frame.selectExpr("*", *absent, f"cast(null as string) as {UNREADABLE}").select(*NOTES_IN.names, UNREADABLE).persist()


def dropped(read, most=10_000, balance=None):
    kept, _, out = kept_notes(read, Intake(recorded_drops=most), Filter(), balance or Balance(), 0)
    counts = {row["reason"]: row["rows"] for row in out.dropped.collect() if row["rows"]}
    return kept, out, [(row["note_id"], row["reason"]) for row in out.rows.collect()], counts


def test_the_unliked_are_told(read):
    kept, out, rows, counts = dropped(read)
    assert {reason for _, reason in rows} == {LIKES}
    assert sorted(note for note, _ in rows) == [f"n{k:04}" for k in range(0, 400, 5)]
    assert (out.rows_in, counts) == (80, {})
    assert kept.rows.count() == 320


def test_what_the_balance_took_is_told_and_every_note_is_in_one_place(read):
    kept, out, rows, _ = dropped(read, balance=Balance(min_notes=1, keep_share=0.5))
    by_rule = {rule: {note for note, reason in rows if reason == rule} for rule in (LIKES, OVER_QUOTA)}
    stays = {row["note_id"] for row in kept.rows.collect()}
    assert [len(stays), *map(len, by_rule.values())] == [160, 80, 160]
    assert len(stays | by_rule[LIKES] | by_rule[OVER_QUOTA]) == 400
    assert out.rows_in == 240


def test_of_too_many_a_sample_by_hash_is_told_and_the_rest_counted(read):
    _, out, rows, counts = dropped(read, most=20)
    assert 5 <= len(rows) <= 40
    assert out.rows_in == 80 == len(rows) + counts[BEYOND]
    assert sorted(dropped(read.repartition(7), most=20)[2]) == sorted(rows)


def test_nothing_dropped_is_no_row(read):
    _, out, rows, counts = dropped(read.where("like_count > 100"))
    assert (rows, counts, out.rows_in) == ([], {}, 0)
