"""Lines of JSON: each object is a row, or its line is refused; nothing is lost without a count."""

import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines.mining.intake.input_files import list_files
from pipelines.mining.intake.readers import UNREADABLE, read_input
from pipelines.mining.intake.validate_notes import Intake, accept_notes
from pipelines.workspace.error_messages import user_message
from schemas.errors import DataError
from schemas.inputs import IMAGE_REFERENCES, NOTES_IN


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
        note(1, like_count="1.2万", user_id="person1", users=["person1"], published_at=True),
        "{'note_id': 'n2', 'user_id': 'person2', 'like_count': 7",
        "person3,n3,2026-05-01",
    ]
    _, refused = accept_notes(read(spark, tmp_path, *lines), Intake())
    told = {json.loads(row["detail"])["line"] for row in refused.collect()}
    assert told == {
        f'{len(lines[0])} characters, like_count "1.2万", published_at true',
        f"{len(lines[1])} characters, like_count 7",
        "21 characters",
    }


def test_a_folder_of_parquet_and_something_else_is_named_with_two_of_its_files(spark, tmp_path):
    (tmp_path / "b.jsonl").write_text(note(1) + "\n")
    rows = pa.table({"note_id": ["n2"], "like_count": [1], "images": pa.array([[]], IMAGE_REFERENCES)})
    pq.write_table(rows, tmp_path / "a.parquet")
    with pytest.raises(DataError, match=r"a\.parquet and .*b\.jsonl are of different formats"):
        read_input(spark, str(tmp_path), NOTES_IN)


def test_a_name_that_is_no_path_to_hadoop_is_one_line(spark, tmp_path):
    (tmp_path / "notes-10:30:00.jsonl").write_text(note(1) + "\n")
    with pytest.raises(DataError, match="notes-10:30:00.jsonl.*cannot be reached") as raised:
        list_files(spark, str(tmp_path / "notes-10:30:00.jsonl"))
    assert len(str(raised.value).splitlines()) == 1


def test_a_file_of_other_types_than_the_first_is_told_in_a_line(spark, tmp_path):
    for name, likes in (("a", pa.array([1])), ("b", pa.array(["1.2万"]))):
        rows = pa.table({"note_id": ["n2"], "like_count": likes, "images": pa.array([[]], IMAGE_REFERENCES)})
        pq.write_table(rows, tmp_path / f"{name}.parquet")
    try:
        read_input(spark, str(tmp_path), NOTES_IN).collect()
    except Exception as error:
        line = user_message(error)
    assert line is not None
    assert "b.parquet" in line
    assert line.endswith("Fix or remove that file, and run the job again")
    assert "\tat " not in line
