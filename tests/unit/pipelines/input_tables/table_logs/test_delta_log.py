"""Delta tables: the newest version's files and no others; deleted rows never come back."""

import json
import shutil

import pyarrow as pa
import pytest

from pipelines.input_tables.open_table import open_table
from schemas.errors import DataError
from testkit.input_reading import Reading, note_table

deltalake = pytest.importorskip("deltalake")


@pytest.fixture
def table(tmp_path):
    place = tmp_path / "notes"
    deltalake.write_deltalake(str(place), note_table(3), partition_by=["topic"])
    deltalake.write_deltalake(str(place), note_table(2, start=3, topic=pa.array(["x y/%", None])), mode="append")
    return place


def test_rows_of_the_newest_version_are_read_and_deleted_ones_are_not(table):
    before = open_table(str(table)).fingerprint
    assert sorted(Reading(table).column("note_id")) == ["n0", "n1", "n2", "n3", "n4"]
    deltalake.DeltaTable(str(table)).delete("note_id in ('n1', 'n3')")
    found = Reading(table)
    assert dict(zip(found.column("note_id"), found.column("topic"), strict=True)) == {"n0": "food", "n2": "food", "n4": None}
    assert found.messages[0].startswith("version 2 of the Delta table")
    assert open_table(str(table)).fingerprint != before


def test_the_partition_is_decoded(table):
    found = Reading(table)
    assert dict(zip(found.column("note_id"), found.column("topic"), strict=True))["n3"] == "x y/%"


def test_a_moved_table_is_the_same_version(table, tmp_path):
    shutil.copytree(table, tmp_path / "moved")
    assert open_table(str(table)).fingerprint == open_table(str(tmp_path / "moved")).fingerprint


def with_actions(table, *actions):
    commit = sorted((table / "_delta_log").glob("*.json"))[-1]
    (commit.parent / f"{int(commit.stem) + 1:020}.json").write_text("".join(json.dumps(action) + "\n" for action in actions))


def test_a_table_with_rows_that_are_deleted_and_still_in_a_file_is_refused(table):
    features = {
        "minReaderVersion": 3,
        "minWriterVersion": 7,
        "readerFeatures": ["deletionVectors"],
        "writerFeatures": ["deletionVectors"],
    }
    with_actions(table, {"protocol": features})
    assert Reading(table).rows.num_rows == 5  # the feature alone deletes nothing
    lines = (table / "_delta_log/00000000000000000000.json").read_text().splitlines()
    add = next(json.loads(line)["add"] for line in lines if '"add"' in line)
    vector = {"storageType": "u", "pathOrInlineDv": "ab^-aqEH.-t@S}K{vb[*k^", "offset": 1, "sizeInBytes": 40, "cardinality": 1}
    remove = {"path": add["path"], "dataChange": True, "deletionTimestamp": 1}
    with_actions(table, {"remove": remove}, {"add": add | {"deletionVector": vector}})
    with pytest.raises(DataError, match=r"deletion vectors.*write its rows out as Parquet"):
        open_table(str(table))


def test_a_damaged_log_is_one_line(table):
    (table / "_delta_log/00000000000000000001.json").write_text("not json\n")
    with pytest.raises(DataError, match="Delta log cannot be read") as raised:
        open_table(str(table))
    assert "\n" not in str(raised.value)
