"""What a refused click tells: which part it lacks, and nobody's id."""

import json
from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.mining.intake.readers import read_input
from pipelines.mining.intake.validate_clicks import accept_clicks
from schemas.inputs import CLICKS_IN

A = "user_id,note_id,clicked_at\n" + "".join(f"person{k},n{k % 4},2026-11-2{k % 6}T10:0{k}:00Z\n" for k in range(9))
B = "event,user_id,note_id,clicked_at\n" + "".join(f"click,person{k},n{k % 4},2026-11-2{k}T10:0{k}:00Z\n" for k in range(5))


def accepted(spark, place):
    good, refused = accept_clicks(read_input(spark, str(place), CLICKS_IN))
    return [row.asDict() for row in good.collect()], [row.asDict() for row in refused.collect()]


def test_files_of_a_folder_are_read_each_by_its_own_header(spark, tmp_path):
    (tmp_path / "a.csv").write_text(A)
    (tmp_path / "b [1].csv").write_text(B)
    (tmp_path / "c.csv").write_text("note_id,clicked_at,user_id\nn9,2026-11-20T10:00:00Z,person9\n")
    (tmp_path / "d.csv").write_text("")
    good, refused = accepted(spark, tmp_path)
    assert refused == []
    assert len(good) == 15
    assert {row["user_id"] for row in good} == {f"person{k}" for k in range(10)}
    assert {row["note_id"] for row in good} == {"n0", "n1", "n2", "n3", "n9"}


def test_a_refused_click_tells_nobodys_id_even_where_columns_are_confused(spark, tmp_path):
    (tmp_path / "a.csv").write_text(A + "click,person1,n1\n,person2,2026-11-20T10:00:00Z\nperson3,,\n")
    good, refused = accepted(spark, tmp_path)
    assert len(good) == 9
    assert sorted(row["detail"] for row in refused) == [
        "note_id given, user_id given, clicked_at missing or not a time",
        "note_id given, user_id missing, clicked_at given",
        "note_id missing, user_id given, clicked_at missing or not a time",
    ]
    assert "person" not in json.dumps(refused)


def test_a_click_of_jsonl_that_cannot_be_read_tells_nobodys_id(spark, tmp_path):
    rows = [{"user_id": "person1", "note_id": "n1", "clicked_at": str(datetime(2026, 5, 1, tzinfo=UTC))}] * 9
    broken = ['{"user_id": "person2", "note_id": ["person3"]}', '{"user_id": "person4"', "person5,n1,2026-05-01"]
    (tmp_path / "a.jsonl").write_text("\n".join([*map(json.dumps, rows), *broken]))
    good, refused = accepted(spark, tmp_path / "a.jsonl")
    assert len(good) + len(refused) == 12
    assert "person" not in json.dumps(refused)


def test_confused_click_files_of_many_kinds_leave_nobodys_id_in_the_quarantine(spark, tmp_path):
    swapped = "note_id,user_id,clicked_at\n" + "".join(f"person{k},n{k},soon\n" for k in range(3))
    (tmp_path / "swapped.csv").write_text(swapped)
    (tmp_path / "quotes.csv").write_text('user_id,note_id,clicked_at\n"person1,n1,2026-11-20\nperson2,"n"2,2026-11-20\n')
    (tmp_path / "chinese.csv").write_bytes("user_id,note_id,clicked_at\nperson3,笔记,年\nperson4,,2026\n".encode("gb18030"))
    (tmp_path / "excel.csv").write_text('sep=;\nuser_id;note_id;clicked_at\n="person5";n1;10:00\n')
    (tmp_path / "shifted.csv").write_text("user_id,note_id,clicked_at\nclick,person6,n1,2026-11-20\n,,person7\n")
    good, refused = accepted(spark, tmp_path)
    assert len(good) + len(refused) == 10
    assert len(refused) >= 9
    assert "person" not in json.dumps(refused)


def test_ids_that_a_spreadsheet_has_rounded_are_refused_with_the_way_out(spark, tmp_path):
    (tmp_path / "a.csv").write_text(A + "1.79579E+18,n1,2026-11-20\nperson1,1.79579E+18,2026-11-20\n")
    (tmp_path / "b.jsonl").write_text('{"user_id": 1.79579e+18, "note_id": "n1", "clicked_at": "2026-11-20"}\n')
    ids = {"user_id": [2.0**60, 7.0], "note_id": ["n1", "n1"], "clicked_at": ["2026-11-20"] * 2}
    pq.write_table(pa.table(ids), tmp_path / "c.parquet")
    wrong = "without its last digits (like 1.79579E+18): export the column as text"
    for name, reasons in (("a.csv", [f"note_id {wrong}", f"user_id {wrong}"]), ("b.jsonl", [f"user_id {wrong}"])):
        assert sorted(row["reason"] for row in accepted(spark, tmp_path / name)[1]) == reasons
    good, refused = accepted(spark, tmp_path / "c.parquet")
    assert ([row["user_id"] for row in good], [row["reason"] for row in refused]) == (["7"], [f"user_id {wrong}"])
    assert "1152921504606846976" not in json.dumps(refused)


def test_ids_whose_bytes_were_replaced_are_refused_since_several_may_be_one(spark, tmp_path):
    (tmp_path / "a.csv").write_bytes(A.encode() + "jos\xe9,n1,2026-11-20\nperson1,caf\xe9,2026-11-20\n".encode("latin-1"))
    ids = pa.array([bytes([200 + k] * 16) for k in range(2)], pa.binary(16))
    pq.write_table(pa.table({"user_id": ids, "note_id": ["a"] * 2, "clicked_at": ["2026-11-25"] * 2}), tmp_path / "b.parquet")
    what = "with bytes that are no text (U+FFFD): set read.encoding, or export the column as text"
    good, refused = accepted(spark, tmp_path / "a.csv")
    assert (len(good), sorted(row["reason"] for row in refused)) == (9, [f"note_id {what}", f"user_id {what}"])
    assert [row["reason"] for row in accepted(spark, tmp_path / "b.parquet")[1]] == [f"user_id {what}"] * 2
