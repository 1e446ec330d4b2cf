"""Iceberg tables: the current snapshot's files and no others, by pyiceberg where it is installed; else refused."""

import sys

import pytest

from pipelines.input_tables.open_table import open_table
from schemas.errors import DataError
from testkit.input_reading import Reading, note_table


def put(folder, *names):
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("{}")


@pytest.mark.parametrize(
    ("package", "files"),
    [
        ("pyiceberg.table", ["metadata/v1.metadata.json", "data/a.parquet"]),
        ("deltalake", ["_delta_log/00000000000000000000.json", "a.parquet"]),
    ],
)
def test_without_its_package_a_table_format_is_refused_and_its_files_are_not_read(tmp_path, monkeypatch, package, files):
    put(tmp_path / "t", *files)
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(
        DataError, match=r"is an? (Iceberg|Delta) table and the package .* is not installed \(pip install .*write its rows out"
    ):
        open_table(str(tmp_path / "t"))


@pytest.fixture
def catalog(tmp_path):
    pytest.importorskip("pyiceberg")
    pytest.importorskip("sqlalchemy")
    from pyiceberg.catalog.sql import SqlCatalog

    made = SqlCatalog("test", uri=f"sqlite:///{tmp_path}/catalog.db", warehouse=f"file://{tmp_path}/warehouse")
    made.create_namespace("shop")
    return made


def test_rows_of_the_current_snapshot_are_read_and_deleted_ones_are_not(catalog, tmp_path):
    rows = note_table().drop_columns(["images"])
    table = catalog.create_table("shop.posts", schema=rows.schema)
    table.append(rows)
    table.append(note_table(2, start=3).drop_columns(["images"]))
    before = open_table(f"{tmp_path}/warehouse/shop/posts").fingerprint
    table.delete("note_id = 'n1'")
    found = Reading(f"{tmp_path}/warehouse/shop/posts", required=("note_id",))
    assert sorted(found.column("note_id")) == ["n0", "n2", "n3", "n4"]
    assert found.table.fingerprint != before


def test_a_table_with_a_renamed_column_is_refused(catalog, tmp_path):
    rows = note_table().drop_columns(["images"])
    table = catalog.create_table("shop.posts", schema=rows.schema)
    table.append(rows)
    with table.update_schema() as update:
        update.rename_column("title", "headline")
    with pytest.raises(DataError, match="columns were renamed"):
        open_table(f"{tmp_path}/warehouse/shop/posts")
