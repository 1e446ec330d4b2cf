"""One message says everything that is wrong with a file's columns."""

import pyarrow as pa
import pytest

from pipelines.mining.intake.input_schema import column_faults, json_faults
from schemas.inputs import CLICKS_IN, NOTES_IN

IMAGES = pa.list_(pa.struct([("image_id", pa.string()), ("uri", pa.string()), ("more", pa.int8())]))


def test_a_file_may_have_more_columns_and_narrower_types():
    found = pa.schema([("note_id", pa.large_string()), ("images", IMAGES), ("like_count", pa.int32()), ("extra", pa.date32())])
    assert column_faults(found, NOTES_IN) == []


def test_names_every_fault_at_once():
    found = pa.schema([("note_id", pa.int64()), ("images", pa.list_(pa.string()))])
    assert column_faults(found, NOTES_IN) == [
        "column 'note_id' is int64, wanted string",
        "column 'images' is list<element: string>, wanted list<element: struct<image_id: string, uri: string>>"
        if "element" in str(pa.list_(pa.string()))
        else f"column 'images' is {pa.list_(pa.string())}, wanted {NOTES_IN.field('images').type}",
        "missing column 'like_count' (int64); found ['note_id', 'images']",
    ]


@pytest.mark.parametrize("kind", [pa.uint64(), pa.float64(), pa.string(), pa.bool_()])
def test_likes_are_whole_numbers(kind):
    found = pa.schema([("note_id", pa.string()), ("images", IMAGES), ("like_count", kind)])
    assert column_faults(found, NOTES_IN) == [f"column 'like_count' is {kind}, wanted int64"]


def test_a_json_file_is_judged_by_its_values():
    lines = ['{"user_id": 7, "note_id": "n", "clicked_at": 1291265077}', "not json", '{"user_id": "u"}']
    assert json_faults(lines, CLICKS_IN) == []


def test_one_bad_json_value_is_a_bad_row_and_only_bad_ones_are_a_bad_column():
    good, bad = '{"note_id": "a", "images": [], "like_count": 3}', '{"note_id": "b", "images": [], "like_count": "many"}'
    assert json_faults([good, bad], NOTES_IN) == []
    assert json_faults([bad], NOTES_IN) == ["column 'like_count' is like \"many\", wanted int64"]


def test_a_json_file_without_an_object_says_so():
    assert json_faults(["[1]", "x"], NOTES_IN) == ["no line is a JSON object"]
