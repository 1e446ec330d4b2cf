"""One made workspace and its page for all tests of the report."""

import pytest

from pipelines.inspect.report.flow import report
from pipelines.inspect.report.settings import ReportPairs
from pipelines.workspace.workspace import Workspace
from tests.unit.pipelines.inspect.report.made import make


@pytest.fixture(scope="session")
def made(tmp_path_factory):
    """The folder, and its rows by dataset."""
    folder = tmp_path_factory.mktemp("made") / "w"
    return folder, make(folder)


@pytest.fixture(scope="session")
def page(made):
    return report(Workspace(str(made[0])), ReportPairs(), lambda _: None)
