"""Lines of JSON: each object is a row, or its line is refused; nothing is lost without a count."""

import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines.mining.intake.field_faults import count_faults
from pipelines.mining.intake.readers import UNREADABLE, open_input, read_input
from pipelines.mining.intake.validate_notes import Intake, accept_notes
from pipelines.workspace.error_messages import told
from schemas.datasets import IMAGE_REFERENCES
from schemas.errors import DataError
from schemas.inputs import CLICKS_IN, NOTES_IN


def note(k, **more):
    return json.dumps(
        {"note_id": f"n{k}", "like_count": 200, "images": [], "body": 'a } {"b": 1} [ " , {'} | more, ensure_ascii=False
    )


def read(spark, tmp_path, *lines):
    (tmp_path / "notes.jsonl").write_text("\n".join([note(0), *lines]) + "\n", encoding="utf8")
    return read_input(spark, str(tmp_path / "notes.jsonl"), NOTES_IN)


@pytest.mark.parametrize("between", ["", " ", ",", " , ", "\t", "]", " garbage ", "\u2028"])
def test_a_line_with_a_second_object_is_refused_and_not_half_read(between, spark, tmp_path):
    rows = read(spark, tmp_path, note(1) + between + note(2), note(3))
    good, refused = accept_notes(rows, Intake())
    assert sorted(row["note_id"] for row in good.collect()) == ["n0", "n3"]
    assert [row["reason"] for row in refused.collect()] == ["not a readable row"]


@pytest.mark.parametrize(
    "line", [f"[{note(1)},{note(2)}]", f"[{note(1)}]", note(1) + "}", note(1) + " x", "[]", "1", '"n1"', "null", "{}{}"]
)
def test_what_is_not_one_object_is_refused(line, spark, tmp_path):
    found = {row["note_id"]: row[UNREADABLE] for row in read(spark, tmp_path, line).collect()}
    assert found.pop("n0") is None
    assert list(found.values()) == [line]


@pytest.mark.parametrize(
    "line",
    [note(1), f"  \t{note(1)}  ", note(1) + ",", note(1) + " , ", "\ufeff" + note(1), note(1, extra={"a": [1, {"b": "}{"}]})],
)
def test_one_object_is_a_row_with_spaces_a_mark_of_byte_order_or_the_comma_of_an_array(line, spark, tmp_path):
    rows = read(spark, tmp_path, line).orderBy("note_id").collect()
    assert [(row["note_id"], row[UNREADABLE]) for row in rows] == [("n0", None), ("n1", None)]
    assert rows[1]["body"] == json.loads(note(1))["body"]


def test_a_line_that_could_not_be_read_tells_its_numbers_and_nothing_else(spark, tmp_path):
    lines = [
        note(1, like_count="1.2万", user_id="person1", published_at=True) + "}",
        "{'note_id': 'n2', 'user_id': 'person2', 'like_count': 7",
        "person3,n3,2026-05-01",
    ]
    _, refused = accept_notes(read(spark, tmp_path, *lines), Intake())
    messages = {json.loads(row["detail"])["line"] for row in refused.collect()}
    assert messages == {
        f'{len(lines[0])} characters, like_count "1.2万", published_at true',
        f"{len(lines[1])} characters, like_count 7",
        "21 characters",
    }


def test_only_a_bad_key_field_refuses_a_row_and_its_value_is_told(spark, tmp_path):
    lines = [
        note(1, like_count="1.2万", published_at="10:00"),
        note(2, like_count="many", author_id="person"),
        note(3, like_count=None),
    ]
    rows = read(spark, tmp_path, *lines)
    good, refused = accept_notes(rows, Intake())
    assert {row["note_id"]: row["like_count"] for row in good.collect()} == {"n0": 200, "n1": 12_000}
    found = {row["id"]: (row["reason"], json.loads(row["detail"])) for row in refused.collect()}
    assert found == {
        "n2": ("like_count is not a whole number", {"note_id": "n2", "like_count_text": "many"}),
        "n3": ("no like_count", {"note_id": "n3"}),
    }
    assert count_faults(rows, examples=True) == [
        {"column": "like_count", "rows": 1, "example": "many"},
        {"column": "published_at", "rows": 1, "example": "10:00"},
    ]
    without_filter, none = accept_notes(rows, Intake(), likes_needed=False)
    assert {row["note_id"]: row["like_count"] for row in without_filter.collect()} == {
        "n0": 200,
        "n1": 12_000,
        "n2": 0,
        "n3": 0,
    }
    assert none.count() == 0


def test_a_folder_of_parquet_and_something_else_is_named_with_two_of_its_files(spark, tmp_path):
    (tmp_path / "b.jsonl").write_text(note(1) + "\n")
    rows = pa.table({"note_id": ["n2"], "like_count": [1], "images": pa.array([[]], IMAGE_REFERENCES)})
    pq.write_table(rows, tmp_path / "a.parquet")
    with pytest.raises(DataError, match=r"a\.parquet \(parquet\) and .*b\.jsonl \(json\) are of different formats"):
        read_input(spark, str(tmp_path), NOTES_IN)


def test_a_name_that_is_no_path_to_hadoop_is_read(spark, tmp_path):
    (tmp_path / "notes-10:30:00.jsonl").write_text(note(1) + "\n")
    assert [row["note_id"] for row in read_input(spark, str(tmp_path / "notes-10:30:00.jsonl"), NOTES_IN).collect()] == ["n1"]


def test_a_file_that_is_damaged_behind_its_footer_is_told_in_a_line(spark, tmp_path):
    rows = pa.table({"note_id": ["n2"] * 1000, "like_count": range(1000), "images": pa.array([[]] * 1000, IMAGE_REFERENCES)})
    pq.write_table(rows, tmp_path / "b.parquet")
    raw = bytearray((tmp_path / "b.parquet").read_bytes())
    raw[4:200] = b"\xff" * 196
    (tmp_path / "b.parquet").write_bytes(raw)
    with pytest.raises(Exception) as raised:
        read_input(spark, str(tmp_path), NOTES_IN).collect()
    line = told(raised.value)
    assert line is not None
    assert line.startswith(f"{tmp_path}/b.parquet: cannot be read")
    assert "\n" not in line
    assert "\tat " not in line


def test_a_table_of_sparks_catalog_is_read_and_a_file_of_that_name_comes_first(spark, tmp_path, monkeypatch):
    spark.sql("create database if not exists shop")
    rows = spark.createDataFrame(
        [(7, "title", 201.0), (8, None, float("nan"))], "note_id bigint, title string, like_count double"
    )
    rows.selectExpr("*", "array(named_struct('uri', 'a.jpg', 'image_id', 'a')) as images").write.mode("overwrite").saveAsTable(
        "shop.posts"
    )
    try:
        for name in ("shop.posts", "spark_catalog.shop.posts"):
            opened = open_input(spark, name, NOTES_IN)
            found = {
                row["note_id"]: (row["title"], row["like_count"], row["images"][0]["uri"]) for row in opened.rows.collect()
            }
            assert found == {"7": ("title", 201, "a.jpg"), "8": (None, None, "a.jpg")}
            assert opened.fingerprint() == open_input(spark, name, NOTES_IN).fingerprint()
        with pytest.raises(DataError, match="missing column 'clicked_at'"):
            open_input(spark, "shop.posts", CLICKS_IN)
        monkeypatch.chdir(tmp_path)
        (tmp_path / "shop.posts").write_text(note(1) + "\n")
        assert [row["note_id"] for row in read_input(spark, "shop.posts", NOTES_IN).collect()] == ["n1"]
    finally:
        spark.sql("drop table shop.posts")
        spark.sql("drop database shop")


def test_what_names_neither_a_file_nor_a_table_is_told(spark):
    for name in ("nowhere.posts", "other_catalog.shop.posts"):
        with pytest.raises(DataError, match="no file there"):
            open_input(spark, name, NOTES_IN)
