"""Checksums of Parquet files: of all bytes, and of the rows' alone."""

import hashlib

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines.workspace.arrow_io import sum_and_rows, sums
from pipelines.workspace.manifest import Counts, DataFile, Manifest
from schemas.errors import DataError

ROWS = pa.table({"id": [f"n{k}" for k in range(3000)], "n": list(range(3000))})


def written(path, rows, **metadata):
    pq.write_table(rows.replace_schema_metadata(metadata), path, compression="zstd")
    return sums(str(path))


def manifest_of(file):
    return Manifest(
        dataset="d", run_id="r", files=[file], counts=Counts(rows_in=None, rows_out=1, dropped={}), inputs={}, settings={},
        code="c", seconds=0, published_at="", versions={},
    )  # fmt: skip


def test_equal_rows_have_equal_sums_of_data_whatever_the_footer_says(tmp_path):
    """Java's footers differ between processes; here they differ in their metadata."""
    one, other = written(tmp_path / "a", ROWS, by="one"), written(tmp_path / "b", ROWS, by="other")
    assert one.sha256 != other.sha256 and one.data_sha256 == other.data_sha256 != one.sha256
    files = [DataFile(path="p", **sums._asdict()) for sums in (one, other)]
    assert len({manifest_of(file).fingerprint for file in files}) == 1


@pytest.mark.parametrize("rows", [ROWS.slice(1), ROWS.slice(0, 0), ROWS.set_column(1, "n", pa.array(range(1, 3001)))])
def test_other_rows_have_other_sums_of_data(tmp_path, rows):
    assert written(tmp_path / "a", ROWS).data_sha256 != written(tmp_path / "b", rows).data_sha256


def test_the_sum_of_the_file_is_that_of_its_bytes(tmp_path):
    sums = written(tmp_path / "a", ROWS)
    content = (tmp_path / "a").read_bytes()
    assert sums[:3] == sum_and_rows(str(tmp_path / "a")) == (len(content), hashlib.sha256(content).hexdigest(), 3000)


@pytest.mark.parametrize("content", [b"", b"PAR1", b"x" * 100])
def test_a_file_that_is_no_parquet_is_named(tmp_path, content):
    (tmp_path / "a").write_bytes(content)
    with pytest.raises(DataError, match="it has no Parquet footer"):
        sums(str(tmp_path / "a"))
