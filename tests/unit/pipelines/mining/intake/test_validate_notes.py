"""Every row that was read is a note or a refused row, whatever its faults and whatever the order."""

import json

import pytest

from pipelines.mining.intake.picture_references import picture_references
from pipelines.mining.intake.readers import read_input
from pipelines.mining.intake.validate_clicks import accept_clicks
from pipelines.mining.intake.validate_notes import Filter, Intake, accept_notes, keep_liked
from schemas.errors import DataError
from schemas.inputs import CLICKS_IN, NOTES_IN

LINES = [
    '{"note_id": "good", "title": "t", "images": [{"image_id": "a", "uri": "x.jpg"}], "like_count": 101, "published_at": "2020-01-01T00:00:00+02:00"}',
    '{"note_id": "unliked", "images": [], "like_count": 100, "topic": "food"}',
    '{"note_id": "", "images": [], "like_count": 5}',
    '{"note_id": null, "images": [], "like_count": 5}',
    '{"note_id": "negative", "images": [], "like_count": -1}',
    '{"note_id": "nolikes", "images": null}',
    '{"note_id": "same", "images": [], "like_count": 7}',
    '{"note_id": "same", "images": [], "like_count": 7}',
    '{"note_id": "differ", "images": [], "like_count": 7}',
    '{"note_id": "differ", "images": [], "like_count": 8}',
    '{"note_id": "noimageid", "images": [{"image_id": null, "uri": "x"}], "like_count": 8}',
    '{"note_id": "broken", "images": [], "like_count": "many"}',
    "not json at all",
    '{"note_id": "caf\ufffd", "images": [], "like_count": 500}',
    '{"note_id": 1.79579E+18, "images": [], "like_count": 500}',
]  # fmt: skip


@pytest.fixture(scope="module")
def read(spark, tmp_path_factory):
    file = tmp_path_factory.mktemp("in") / "notes.jsonl"
    file.write_text("\n".join(LINES))
    return read_input(spark, str(file), NOTES_IN)


def test_every_row_is_a_note_or_is_refused_with_its_reason(read):
    good, refused = accept_notes(read, Intake())
    assert sorted(r["note_id"] for r in good.collect()) == ["good", "same", "unliked"]
    reasons = sorted((r["reason"], r["id"]) for r in refused.collect())
    assert [reason for reason, _ in reasons] == [
        "a picture without image_id",
        "like_count is not a whole number",
        "negative like_count",
        "no like_count",
        "no note_id",
        "no note_id",
        "not a readable row",
        "note_id twice, rows differ",
        "note_id twice, rows differ",
        "note_id twice, same row",
        "note_id with bytes that are no text (U+FFFD): set read.encoding, or export the column as text",
        "note_id without its last digits (like 1.79579E+18): export the column as text",
    ]
    assert good.count() + refused.count() == len(LINES)
    assert ("negative like_count", "negative") in reasons


def test_the_order_of_the_input_does_not_matter(spark, read, tmp_path):
    (tmp_path / "notes.jsonl").write_text("\n".join(reversed(LINES)))
    again = read_input(spark, str(tmp_path / "notes.jsonl"), NOTES_IN)
    for one, two in zip(accept_notes(read, Intake()), accept_notes(again, Intake()), strict=True):
        assert sorted(map(str, one.collect())) == sorted(map(str, two.collect()))


def test_keeps_notes_with_enough_likes(read):
    good = accept_notes(read, Intake()).good
    assert [r["note_id"] for r in keep_liked(good, Filter()).collect()] == ["good"]
    assert sorted(r["note_id"] for r in keep_liked(good, Filter(min_likes=100)).collect()) == ["good", "unliked"]


def test_completes_what_a_null_means(read):
    row = {r["note_id"]: r for r in accept_notes(read, Intake()).good.collect()}
    assert (row["good"]["topic"], row["unliked"]["topic"], row["good"]["image_count"]) == ("unknown", "food", 1)
    assert row["good"]["published_at"].timestamp() == 1577829600


def test_an_id_for_two_pictures_is_refused_and_a_uri_is_made_absolute(spark):
    schema = "note_id string, images array<struct<image_id string, uri string>>"
    notes = spark.createDataFrame(
        [
            ("a", [("1", "x.jpg"), ("2", "s3://b/y.jpg")]),
            ("b", [("1", "s3://me:hunter2@b/z.jpg?sig=hunter2"), ("3", "/abs.jpg"), ("4", None)]),
            ("c", [("3", "/abs.jpg")]),
        ],
        schema,
    )
    good, refused = picture_references(notes, "file:/root/")
    assert sorted((r["note_id"], r["position"], r["image_id"], r["uri"]) for r in good.collect()) == [
        ("a", 1, "2", "s3://b/y.jpg"),
        ("b", 1, "3", "/abs.jpg"),
        ("b", 2, "4", None),
        ("c", 0, "3", "/abs.jpg"),
    ]
    assert {(r["id"], r["reason"]) for r in refused.collect()} == {("1", "image_id stands for several pictures")}
    assert sorted(r["detail"] for r in refused.collect()) == ["note a shows file:/root/x.jpg", "note b shows s3://b/z.jpg?..."]


def test_one_picture_in_several_spellings_is_one_picture(spark):
    schema = "note_id string, images array<struct<image_id string, uri string>>"
    spelled = ["x/y.jpg", "./x/y.jpg", "x//y.jpg", "/root/x/./y.jpg", "file:///root/x/y.jpg", "file:/root/x/y.jpg"]
    stored = ["s3://b/y.jpg", "s3a://b/y.jpg", "s3://b//y.jpg"]
    notes = [(f"a{n}", [("1", uri)]) for n, uri in enumerate(spelled)] + [(f"b{n}", [("2", u)]) for n, u in enumerate(stored)]
    good, refused = picture_references(spark.createDataFrame(notes, schema), "/root")
    assert refused.count() == 0 and good.count() == len(notes)


def test_reads_clicks_from_csv_with_times_of_any_kind(spark, tmp_path):
    (tmp_path / "clicks.csv").write_text(
        "note_id,user_id,clicked_at,more\n"
        "n1,u1,1291265077,x\nn1,u2,1291265077000,x\nn1,u3,1291265077000000,x\nn1,u4,2010-12-02T04:44:37Z,x\n"
        "n1,u5,soon,x\n,u6,1291265077,x\nn1,,1291265077,x\nn1,u7,2099-01-01T00:00:00Z,x\n"
    )
    good, refused = accept_clicks(read_input(spark, str(tmp_path / "clicks.csv"), CLICKS_IN))
    assert {r["clicked_at"].timestamp() for r in good.collect()} == {1291265077.0}
    assert good.count() == 4
    rows = refused.collect()
    reasons = ["clicked_at in the future", "no clicked_at, or not a time", "no note_id", "no user_id"]
    assert sorted(r["reason"] for r in rows) == reasons
    assert not any(u in json.dumps(r.asDict()) for r in rows for u in ("u5", "u6", "u7"))


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        (
            "a.csv",
            "user,note_id\n",
            r"missing column 'user_id' \(text\), missing column 'clicked_at' \(times\); found \[user, note_id\]",
        ),
        ("a.txt", "x", "cannot tell the format"),
        ("a.parquet", "x" * 50, "not a Parquet file"),
    ],
)
def test_a_file_that_is_not_what_it_should_be_is_named_with_its_faults(spark, tmp_path, name, content, message):
    (tmp_path / name).write_text(content)
    with pytest.raises(DataError, match=message) as raised:
        read_input(spark, str(tmp_path / name), CLICKS_IN)
    assert name in str(raised.value)


def test_a_missing_file_is_named(spark, tmp_path):
    with pytest.raises(DataError, match=r"nowhere\.parquet: no file there"):
        read_input(spark, str(tmp_path / "nowhere.parquet"), CLICKS_IN)
