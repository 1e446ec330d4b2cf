"""Fields that cannot be read are counted by column; the example of a click says nothing of a person."""

import json

import pytest

from pipelines.mining.intake.field_faults import UNREAD_FIELDS, count_faults
from pipelines.mining.intake.readers import open_input, read_input
from pipelines.mining.intake.select_notes_step import NO_LIKES, kept_notes
from pipelines.mining.intake.stratified_balance import Balance
from pipelines.mining.intake.validate_clicks import accept_clicks
from pipelines.mining.intake.validate_notes import Filter, Intake
from schemas.errors import DataError
from schemas.inputs import CLICKS_IN, NOTES_IN


def notes(folder, *more):
    rows = [{"note_id": f"n{k}", "images": []} | extra for k, extra in enumerate(more)]
    (folder / "notes.jsonl").write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))
    return str(folder / "notes.jsonl")


def test_notes_without_a_column_of_likes_are_all_kept_and_rows_in_are_all_accounted_for(spark, tmp_path):
    opened = open_input(spark, notes(tmp_path, {}, {"note_id": None}, {"published_at": "soon"}, {"note_id": "n0"}), NOTES_IN)
    assert "like_count" not in opened.columns
    kept, refused, dropped = kept_notes(opened.rows, Intake(max_refused_share=1), Filter(), Balance(), 0, rows_in=opened.count)
    rows = kept.rows.collect()
    assert {(row["note_id"], row["like_count"], row["kept_because"]) for row in rows} == {
        ("n0", 0, NO_LIKES),
        ("n2", 0, NO_LIKES),
    }
    assert kept.rows_in == len(rows) + refused.rows.count() + dropped.rows.count()
    assert kept.report is not None
    assert kept.report(kept.rows)[UNREAD_FIELDS] == [{"column": "published_at", "rows": 1, "example": "soon"}]


def test_json_lines_longer_than_the_look_at_them_need_no_likes_either_and_one_like_turns_the_filter_on(spark, tmp_path, capfd):
    long = [{"body": "x" * 2000}] * 1000
    read = read_input(spark, notes(tmp_path, *long), NOTES_IN)
    kept, _, _ = kept_notes(read, Intake(), Filter(), Balance(), 0)
    assert kept.rows.count() == 1000
    assert f"notes: {NO_LIKES}" in capfd.readouterr().err
    read = read_input(spark, notes(tmp_path, *long, {"like_count": 200}), NOTES_IN)
    with pytest.raises(DataError, match=r"notes: 1,000 of 1,001 rows are refused: no like_count \(1,000\); that is more"):
        kept_notes(read, Intake(), Filter(), Balance(), 0)


def test_a_filter_that_keeps_all_refuses_no_note_for_its_likes(spark, tmp_path):
    read = read_input(spark, notes(tmp_path, {"like_count": 5}, {"like_count": "many"}, {"like_count": -1}), NOTES_IN)
    kept, refused, _ = kept_notes(read, Intake(), Filter(min_likes=0), Balance(), 0)
    assert {row["note_id"]: row["like_count"] for row in kept.rows.collect()} == {"n0": 5, "n1": 0, "n2": 0}
    assert refused.rows.count() == 0


def test_no_fault_and_no_refused_row_of_clicks_tells_a_users_id(spark, tmp_path):
    lines = ["person1,n1,person2", "person3,n2,2026-11-25", 'person4,"n3', "person5,n4,person6@mail.example,more", ",,"]
    (tmp_path / "c.csv").write_text("user_id,note_id,clicked_at\n" + "\n".join(lines) + "\n")
    read = read_input(spark, str(tmp_path / "c.csv"), CLICKS_IN)
    good, refused = accept_clicks(read)
    assert (good.count(), refused.count()) == (1, 4)
    found = count_faults(read, examples=False)
    assert {fault["column"]: fault["rows"] for fault in found} == {"clicked_at": 2, "more fields than the header has": 1}
    assert "person" not in json.dumps([found, [row.asDict() for row in refused.collect()]])
    assert found[0]["example"] == "aaaaaa9"
