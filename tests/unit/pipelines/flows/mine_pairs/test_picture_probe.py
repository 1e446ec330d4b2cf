"""A wrong image root is told of by a sample of the pictures, before any is fingerprinted."""

import pytest

from pipelines.flows.mine_pairs.picture_probe import probe_pictures
from pipelines.mining.intake.validate_notes import Intake
from schemas.errors import DataError


def references(spark, root, names):
    rows = [(f"n{k}", 0, name, f"{root}/{name}") for k, name in enumerate(names)]
    return spark.createDataFrame(rows, "note_id string, position int, image_id string, uri string")


def test_a_wrong_root_stops_the_job_and_names_the_right_one(spark, tmp_path):
    (tmp_path / "data/images").mkdir(parents=True)
    names = [f"images/{k}.jpg" for k in range(5)]
    for name in names:
        (tmp_path / "data" / name).write_bytes(b"x")
    probe_pictures(references(spark, tmp_path / "data", names), None, str(tmp_path / "data"), Intake())
    with pytest.raises(DataError) as error:
        probe_pictures(references(spark, tmp_path, names), None, str(tmp_path), Intake())
    message = str(error.value)
    for part in (
        "5 of 5 pictures that were looked for cannot be read (5 missing file)",
        "Notes name 'images/0.jpg', 'images/1.jpg'",
        f"the image root {tmp_path} has 'data/images/0.jpg'",
        f"with --image-root {tmp_path}/data 5 of 5 are there",
        "--set intake.max_refused_share=1",
    ):
        assert part in message


def test_where_missing_pictures_are_allowed_the_job_goes_on_and_says_so(spark, tmp_path, capsys):
    probe_pictures(references(spark, tmp_path, ["a.jpg"]), None, str(tmp_path), Intake(max_refused_share=1))
    assert "1 of 1 pictures that were looked for cannot be read" in capsys.readouterr().err


def test_ids_that_the_table_of_bytes_has_in_another_spelling_are_told(spark, tmp_path):
    listed = references(spark, tmp_path, ["A.jpg", "B.jpg"]).selectExpr(
        "note_id", "position", "image_id", "cast(null as string) uri"
    )
    table = spark.createDataFrame([("A.jpg",), ("B.jpg",)], "image_id string")
    probe_pictures(listed, table, str(tmp_path), Intake())
    other = spark.createDataFrame([("a.jpg",), ("b.jpg",)], "image_id string")
    with pytest.raises(
        DataError, match=r"2 no picture.*the table have 'a.jpg', 'b.jpg'; 2 of 2 would match with upper and lower"
    ):
        probe_pictures(listed, other, str(tmp_path), Intake())
