"""CSV files without a header, as databases unload them: named by a setting; values of the first line are never shown."""

import gzip

import pytest

from pipelines.input_tables.settings import ReadOptions
from schemas.errors import DataError
from testkit.input_reading import clicks

NAMES = ReadOptions(names=("user_id", "note_id", "clicked_at"))
LINES = [("person7", "n1", "2026-11-20 10:00:00"), ("person8", "n2", "2026-11-21 10:00:00")]


@pytest.mark.parametrize("delimiter", [",", "\t", ";", "|", "\x01"])
@pytest.mark.parametrize("name", ["part.csv", "000000_0", "0000_part_00"])
def test_columns_are_named_by_the_setting(tmp_path, delimiter, name):
    (tmp_path / name).write_text("".join(delimiter.join(line) + "\n" for line in LINES))
    (tmp_path / "clicks_manifest").write_text('{"entries": []}')
    found = clicks(tmp_path, options=NAMES)
    assert [found.column("user_id"), found.column("note_id")] == [["person7", "person8"], ["n1", "n2"]]
    assert found.faults == []


def test_a_file_with_a_header_keeps_it(tmp_path):
    (tmp_path / "a.csv").write_text("note_id,user_id,clicked_at\nn1,person7,2026-11-20\n")
    (tmp_path / "b.csv.gz").write_bytes(gzip.compress(b"person8,n2,2026-11-20\n"))
    found = clicks(tmp_path, options=NAMES)
    assert found.column("user_id") == ["person7", "person8"]


def test_without_names_the_message_has_the_setting_and_no_value(tmp_path):
    (tmp_path / "a.csv").write_text("person7,n1,2026-11-20,x\n")
    with pytest.raises(DataError, match=r"has no header.*Name its 4 columns.*'read.names=\[\"user_id\", \"note_id\"") as raised:
        clicks(tmp_path / "a.csv")
    assert "person7" not in str(raised.value)
    (tmp_path / "b").write_text("person7,n1,2026-11-20,x\n")
    with pytest.raises(DataError, match=r"cannot tell the format.*read.names") as raised:
        clicks(tmp_path / "b")
    assert "person7" not in str(raised.value)
