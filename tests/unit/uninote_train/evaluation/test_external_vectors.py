"""Items for another encoder: a folder of somebody else's files is not replaced."""

import pytest

from schemas.errors import DataError
from uninote_train.evaluation.external_vectors import write_items


@pytest.mark.parametrize("name", ["thesis.tex", "00000.parquet.bak", "data"])
def test_a_folder_with_other_files_is_refused_and_stays(tmp_path, name):
    folder = tmp_path / "items"
    (folder / "data").mkdir(parents=True)
    (folder / name).exists() or (folder / name).write_text("mine")
    before = sorted(folder.iterdir())
    with pytest.raises(DataError, match="holds . files of other programs"):
        write_items(folder, [], {})
    assert sorted(folder.iterdir()) == before


def test_its_own_files_of_before_are_replaced(tmp_path):
    folder = tmp_path / "items"
    folder.mkdir()
    (folder / "00007.parquet").write_text("old")
    (folder / "00007.pictures.arrow").write_text("old")
    assert write_items(folder, [], {}) == 0
    assert list(folder.iterdir()) == []
