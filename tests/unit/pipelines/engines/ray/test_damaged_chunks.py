"""A chunk's file that a power cut, a full disk or a bad copy has left damaged is redone, never an error without a name."""

import os

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines.engines.ray.chunk_file import read_chunk, read_if_intact, write_chunk
from pipelines.workspace.filesystem import Folder
from schemas.errors import DataError

ROWS = pa.table({"item_id": [f"i{n}" for n in range(500)], "reason": pa.nulls(500, pa.string())})


@pytest.fixture
def folder(tmp_path):
    write_chunk(ROWS, Folder(str(tmp_path)), "c.parquet")
    return Folder(str(tmp_path))


def test_a_read_if_intact_is_read(folder):
    assert read_if_intact(folder, "c.parquet").equals(ROWS)


@pytest.mark.parametrize("left", [0, 1, 4, 100, 0.5, -1, -8])
def test_a_truncated_file_is_no_chunk(folder, tmp_path, left):
    size = os.stat(tmp_path / "c.parquet").st_size
    os.truncate(tmp_path / "c.parquet", int(size * left) if isinstance(left, float) else left if left >= 0 else size + left)
    assert read_if_intact(folder, "c.parquet") is None
    with pytest.raises(DataError, match=r"c\.parquet: damaged \(.+\); run the job again"):
        read_chunk(folder, "c.parquet")


@pytest.mark.parametrize("content", [b"PAR1", b"PAR1PAR1PAR1", b"\0" * 5000, b"no Parquet file at all", os.urandom(3000)])
def test_garbage_is_no_chunk(folder, tmp_path, content):
    (tmp_path / "c.parquet").write_bytes(content)
    assert read_if_intact(folder, "c.parquet") is None


def test_a_table_of_something_else_is_no_chunk(folder, tmp_path):
    pq.write_table(pa.table({"a": [1]}), tmp_path / "c.parquet")
    assert read_if_intact(folder, "c.parquet") is None


def test_a_flipped_bit_of_the_rows_is_no_chunk_or_the_same_rows(folder, tmp_path):
    whole = (tmp_path / "c.parquet").read_bytes()
    end = pq.read_metadata(tmp_path / "c.parquet").row_group(0).column(1).file_offset or len(whole) // 2
    for at in range(4, min(end, len(whole) // 2), 3):
        (tmp_path / "c.parquet").write_bytes(whole[:at] + bytes([whole[at] ^ 16]) + whole[at + 1 :])
        found = read_if_intact(folder, "c.parquet")
        assert found is None or found.equals(ROWS), at
