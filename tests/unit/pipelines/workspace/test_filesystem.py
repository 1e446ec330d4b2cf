"""Files are replaced at once, and listed in order."""

import hashlib

import pytest

from pipelines.workspace.filesystem import Folder, canonical, checksum
from schemas.errors import DataError


def test_reads_what_was_written_and_nothing_where_nothing_is(tmp_path):
    folder = Folder(str(tmp_path)) / "a" / "b"
    assert folder.read("x.json") is None
    folder.write("x.json", b"one")
    folder.write("x.json", b"two")
    assert folder.read("x.json") == b"two"
    assert [p.name for p in (tmp_path / "a" / "b").iterdir()] == ["x.json"]


def test_a_write_that_fails_leaves_the_old_bytes(tmp_path, monkeypatch):
    folder = Folder(str(tmp_path))
    folder.write("x.json", b"one")

    def fails(*_):
        raise OSError("no space left on device")

    monkeypatch.setattr("os.replace", fails)
    with pytest.raises(OSError, match="no space"):
        folder.write("x.json", b"two")
    assert folder.read("x.json") == b"one"


def test_works_on_any_file_system_that_fsspec_knows():
    folder = Folder("memory://workspace") / "positives"
    folder.write("_current.json", b"{}")
    (folder / "runs" / "r1").write("part-0.parquet", b"x")
    assert folder.read("_current.json") == b"{}"
    assert (folder / "runs").folders() == ["r1"]
    assert not folder.is_local()


def test_a_scheme_that_nobody_knows_is_named():
    with pytest.raises(DataError, match="no file system for 'nosuch://'"):
        Folder("nosuch://bucket/x").read("y")


def test_a_checksum_is_that_of_the_bytes(tmp_path):
    (tmp_path / "f").write_bytes(b"a" * 3_000_000)
    assert checksum(str(tmp_path / "f")) == (3_000_000, hashlib.sha256(b"a" * 3_000_000).hexdigest())


def test_one_place_has_one_canonical_spelling(tmp_path, monkeypatch):
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "link").symlink_to("a")
    monkeypatch.chdir(tmp_path)
    tried = ["a/b", "./a/b/", "a/../a//b", "link/b", f"{tmp_path}/a/b", f"file://{tmp_path}/link/./b", f"{tmp_path}/link/b/"]
    assert {canonical(uri) for uri in tried} == {str((tmp_path / "a" / "b").resolve())}
    memory = {canonical(uri) for uri in ("memory://a/b", "memory://a//b/", "memory://a/./b", "memory://a/c/../b")}
    assert memory == {"memory://a/b"}
