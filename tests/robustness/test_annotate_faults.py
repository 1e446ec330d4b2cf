"""jobs/annotate_images.py gives the same rows with more actors, and mining again keeps them."""

import shutil

import pytest

from tests.support.chain import annotate, copied
from tests.support.workspaces import mining_arguments, rows, run_job

pytestmark = [pytest.mark.ray, pytest.mark.nightly]


def test_three_actors_give_the_rows_of_one(annotated, mined, tmp_path):
    workspace = copied(mined.workspace, tmp_path / "w")
    annotate(workspace, models=3)
    assert all(rows(annotated.workspace, name).equals(rows(workspace, name)) for name in ("annotations", "positives", "items"))


def test_mining_again_keeps_the_annotations(annotated, corpus, tmp_path):
    workspace = tmp_path / "w"
    shutil.copytree(annotated.workspace, workspace)
    before = rows(workspace, "positives")
    again = run_job(*mining_arguments(corpus, workspace))
    assert again.returncode == 0, again.stdout[-3000:]
    assert "positives: unchanged, skipped" in again.stdout
    assert rows(workspace, "positives").equals(before)
