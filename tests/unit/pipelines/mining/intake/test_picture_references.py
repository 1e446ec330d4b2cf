"""A picture that several notes list is one picture, wherever its uri stands and in whatever order the notes come."""

import random

import pytest

from pipelines.mining.intake.picture_references import AMBIGUOUS, picture_references

NOTES = "note_id string, images array<struct<image_id: string, uri: string>>"


def notes(spark, rows, partitions, seed):
    rows = [(note, [{"image_id": i, "uri": u} for i, u in images]) for note, images in rows]
    return spark.createDataFrame(random.Random(seed).sample(rows, len(rows)), NOTES).repartition(partitions)


@pytest.mark.parametrize("partitions", [1, 8, 37])
def test_a_reference_without_a_uri_has_the_one_of_another_note_however_the_rows_lie(partitions, spark):
    rows = [(f"n{k:02}", [(f"p{k % 5}", f"p{k % 5}.png" if k % 3 else (None, "", "  ")[k % 2])]) for k in range(40)]
    found = picture_references(notes(spark, rows, partitions, partitions), "/root/")
    assert {(r["note_id"], r["image_id"], r["uri"]) for r in found.good.collect()} == {
        (f"n{k:02}", f"p{k % 5}", f"/root/p{k % 5}.png") for k in range(40)
    }
    assert found.refused.count() == 0


def test_an_id_that_nobody_gives_a_uri_has_none_and_one_of_two_uris_is_refused_whole(spark):
    rows = [
        ("a", [("none", None), ("two", "x.png")]),
        ("b", [("none", ""), ("two", "y.png")]),
        ("c", [("two", None), ("one", "z.png")]),
    ]
    found = picture_references(notes(spark, rows, 3, 0), "/root")
    good = {(r["note_id"], r["position"], r["image_id"], r["uri"]) for r in found.good.collect()}
    assert good == {("a", 0, "none", None), ("b", 0, "none", None), ("c", 1, "one", "/root/z.png")}
    assert [(r["id"], r["reason"]) for r in found.refused.collect()] == [("two", AMBIGUOUS)] * 3
