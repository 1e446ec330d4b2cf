"""An output folder is checked before the work."""

import pytest

from schemas.errors import SettingsError
from schemas.folders import make_folder, refuse_file


def test_makes_the_folder_with_its_parents_and_leaves_nothing_in_it(tmp_path):
    assert make_folder(tmp_path / "a/b", "--out") == tmp_path / "a/b"
    assert make_folder(tmp_path / "a/b", "--out").is_dir()
    assert list((tmp_path / "a/b").iterdir()) == []


@pytest.mark.parametrize("below", ["", "/x", "/x/y"])
def test_a_path_that_is_a_file_or_below_a_file_is_an_error(tmp_path, below):
    (tmp_path / "file").write_text("mine")
    for check in (make_folder, refuse_file):
        with pytest.raises(SettingsError, match=r"--out .*/file is a file, expected a folder; choose another"):
            check(tmp_path / f"file{below}", "--out")
    assert (tmp_path / "file").read_text() == "mine"


def test_links_are_followed_and_a_broken_one_is_an_error(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "good").symlink_to("real")
    (tmp_path / "bad").symlink_to("nowhere")
    (tmp_path / "loop").symlink_to("loop")
    make_folder(tmp_path / "good/run", "--out")
    for name in ("bad", "loop"):
        with pytest.raises(SettingsError, match="--out"):
            make_folder(tmp_path / name, "--out")


def test_a_folder_that_cannot_be_written_gives_the_reason():
    with pytest.raises(SettingsError, match=r"--workspace '/proc/run': cannot be written \(.+\); choose a folder"):
        make_folder(__import__("pathlib").Path("/proc/run"), "--workspace")
