"""One sample workspace and its page for all tests of the report."""

import pytest

from pipelines.inspect.report.flow import report
from pipelines.inspect.report.settings import ReportPairs
from pipelines.workspace.workspace import Workspace
from tests.unit.pipelines.inspect.report.report_workspace import publish_sample


@pytest.fixture(scope="session")
def sample(tmp_path_factory):
    """Return the folder, and its rows by dataset."""
    folder = tmp_path_factory.mktemp("sample") / "w"
    return folder, publish_sample(folder)


@pytest.fixture(scope="session")
def page(sample):
    return report(Workspace(str(sample[0])), ReportPairs(), lambda _: None)
