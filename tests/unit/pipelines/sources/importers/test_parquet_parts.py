"""An import is a folder of files of bounded size, whole or not there."""

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines.sources.importers import parquet_parts
from pipelines.sources.importers.parquet_parts import write_parts, write_tables
from schemas.errors import DataError

SCHEMA = pa.schema([pa.field("a", pa.int64(), nullable=False)])


def tables(count, rows=100):
    return (pa.table({"a": range(k * rows, (k + 1) * rows)}) for k in range(count))


def test_a_file_ends_when_it_is_large_enough(tmp_path, monkeypatch):
    monkeypatch.setattr(parquet_parts, "FILE_BYTES", 2_000)
    monkeypatch.setattr(parquet_parts, "GROUP_ROWS", 200)
    assert write_parts(tmp_path / "t.parquet", lambda folder: write_tables(tables(20), SCHEMA, folder)) == 2_000
    parts = sorted((tmp_path / "t.parquet").iterdir())
    assert len(parts) > 2
    assert all(part.stat().st_size < 6_000 for part in parts)
    assert pa.concat_tables(map(pq.read_table, parts)).column("a").to_pylist() == list(range(2_000))


def test_no_row_is_one_file_without_rows(tmp_path):
    write_parts(tmp_path / "t.parquet", lambda folder: write_tables([], SCHEMA, folder))
    [part] = (tmp_path / "t.parquet").iterdir()
    assert pq.read_table(part).schema.names == ["a"]


def test_a_file_of_an_earlier_release_makes_room_for_the_folder(tmp_path):
    (tmp_path / "t.parquet").write_bytes(b"old")
    write_parts(tmp_path / "t.parquet", lambda folder: write_tables(tables(1), SCHEMA, folder))
    assert [path.name for path in tmp_path.iterdir()] == ["t.parquet"]
    assert len(pq.read_table(tmp_path / "t.parquet")) == 100


def test_what_was_there_stays_until_all_is_written_and_nothing_is_left_of_what_was_not(tmp_path):
    def fails(folder):
        (folder / "half").write_text("x")
        raise DataError("damaged")

    with pytest.raises(DataError):
        write_parts(tmp_path / "new" / "t.parquet", fails)
    assert list(tmp_path.iterdir()) == []
    write_parts(tmp_path / "t.parquet", lambda folder: write_tables(tables(1), SCHEMA, folder))
    with pytest.raises(DataError):
        write_parts(tmp_path / "t.parquet", fails)
    assert len(pq.read_table(tmp_path / "t.parquet")) == 100
    assert [path.name for path in tmp_path.iterdir()] == ["t.parquet"]


def test_a_folder_that_cannot_be_written_is_an_error_that_names_it(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(DataError, match="file/t.parquet: cannot be written"):
        write_parts(tmp_path / "file" / "t.parquet", lambda folder: write_tables(tables(1), SCHEMA, folder))
