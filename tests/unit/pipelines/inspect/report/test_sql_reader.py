"""A damaged file and too low a memory limit give errors that say so."""

import os

import pytest

from pipelines.inspect.report.sql_reader import reading
from pipelines.workspace.workspace import Workspace
from schemas.datasets import COMPONENTS, POSITIVES
from schemas.errors import DataError
from tests.unit.pipelines.inspect.report.report_workspace import publish_sample


@pytest.fixture
def folder(tmp_path):
    publish_sample(tmp_path, with_negatives=False, with_judge=False)
    return tmp_path


def damage(folder, dataset, at):
    file = Workspace(str(folder)).files(dataset)[0]
    with open(file, "r+b") as opened:
        opened.seek(at, 0 if at >= 0 else 2)
        opened.write(b"\xff" * 8)


@pytest.mark.parametrize("at", [-8, 40])
def test_a_damaged_file_is_named_with_what_to_do(folder, at):
    damage(folder, "positives", at)
    with reading(Workspace(str(folder)), 512) as reader, pytest.raises(DataError, match=r"positives: .*_current.json"):
        reader.rows("select * from positives order by pair_id", [POSITIVES.name])


def test_a_missing_file_is_an_error(folder):
    [file] = Workspace(str(folder)).files("components")
    os.unlink(file)
    with reading(Workspace(str(folder)), 512) as reader, pytest.raises(DataError, match="components"):
        reader.rows("select * from components", [COMPONENTS.name])


def test_too_little_memory_says_how_to_allow_more(folder):
    query = "select list(k::varchar || repeat('x', 100)) as strings from range(20_000_000) as r(k)"
    with reading(Workspace(str(folder)), 64) as reader, pytest.raises(DataError, match="--set memory_mb="):
        reader.rows(query, [])
