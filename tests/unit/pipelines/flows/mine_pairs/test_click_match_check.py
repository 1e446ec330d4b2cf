"""Clicks that find none of the notes are told of before the pictures are read."""

from pipelines.flows.mine_pairs.click_match_check import clicks_without_notes


def ids(spark, values):
    return spark.createDataFrame([(value,) for value in values], "note_id string")


def test_clicks_that_find_no_note_are_told_with_the_reason(spark):
    notes = ids(spark, ["a1", "b2", "c3", None])
    clicks = ids(spark, ["A1", "A1", "B2", None])
    assert clicks_without_notes(clicks, notes, notes) == (
        "clicks: 0 of 3 find a kept note: clicks have ids like 'a9' (letters as a, digits as 9); notes have "
        "'a1', 'b2'; 2 of 2 would match with upper and lower case the same; check blanks around ids, ids such as '100.0', upper and lower case, NFC and NFD names"
    )


def test_one_click_of_a_hundred_is_enough(spark):
    notes = ids(spark, ["a"])
    assert clicks_without_notes(ids(spark, ["x"] * 99 + ["a"]), notes, notes) is None
    assert clicks_without_notes(ids(spark, [None]), notes, notes) is None


def test_clicks_of_notes_that_were_left_out_are_told_apart(spark):
    message = clicks_without_notes(ids(spark, ["b", "b"]), ids(spark, ["a", "b"]), ids(spark, ["a"]))
    assert message is not None and "2 of the first 2 are of notes that were refused or left out" in message
