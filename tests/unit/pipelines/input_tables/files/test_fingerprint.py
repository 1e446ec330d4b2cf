"""An input is known by what its files are, wherever they lie."""

import os
import shutil

import pytest

from pipelines.input_tables.open_table import open_table


@pytest.fixture
def clicks(tmp_path):
    folder = tmp_path / "sample"
    (folder / "more").mkdir(parents=True)
    for name in ("a.csv", "more/b.csv"):
        (folder / name).write_text("user_id,note_id,clicked_at\nu,n,2026-05-01\n")
    return folder


def copied(folder, target):
    return shutil.copytree(folder, target, copy_function=shutil.copy2)


@pytest.mark.parametrize("name", ["elsewhere", "x", "sampled", "a/b/c"])
def test_copies_in_another_folder_are_the_same_input(clicks, tmp_path, name):
    (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
    other = copied(clicks, tmp_path / name)
    for below in ("", "more", "a.csv"):
        assert open_table(str(other / below)).fingerprint == open_table(str(clicks / below)).fingerprint


@pytest.mark.parametrize("change", ["bytes", "time", "name", "another"])
def test_another_file_is_another_input(clicks, tmp_path, change):
    other = copied(clicks, tmp_path / "other")
    file = other / "a.csv"
    before = file.stat()
    if change == "bytes":
        file.write_text(file.read_text().replace("u,n", "v,n"))
        os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    elif change == "time":
        os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns + 5_000_000))
    elif change == "name":
        file.rename(file.with_name("c.csv"))
    else:
        shutil.copy2(file, file.with_name("c.csv"))
    assert open_table(str(other)).fingerprint != open_table(str(clicks)).fingerprint
