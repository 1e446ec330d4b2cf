"""A step's fingerprint changes with its own code and with what it shares, and with nothing else."""

import sys

import pytest

from pipelines.workspace.source import code_fingerprint
from pipelines.workspace.stages import SPARK_CODE


@pytest.fixture
def package(tmp_path, monkeypatch):
    for name in ("steps/__init__.py", "steps/a/__init__.py", "steps/a/deep/__init__.py", "steps/shared.py", "steps/b.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "steps", raising=False)
    return tmp_path / "steps"


@pytest.mark.parametrize(("file", "changes"), [("a/deep/__init__.py", True), ("shared.py", True), ("b.py", False)])
def test_changes_with_the_code_that_it_names(package, file, changes):
    before = code_fingerprint("steps.a", "steps.shared")
    (package / file).write_text("x = 1")
    assert (code_fingerprint("steps.a", "steps.shared") != before) == changes


def test_a_name_that_is_not_there_is_an_error(package):
    with pytest.raises(FileNotFoundError):
        code_fingerprint("steps.gone")


def test_how_items_are_made_is_part_of_every_step():
    assert "pipelines.items" in SPARK_CODE
