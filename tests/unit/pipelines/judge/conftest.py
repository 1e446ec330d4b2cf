"""One tiny judge and one server of it for the folder."""

import pytest

from tests.judging.server import serving
from tests.judging.tiny import save_tiny_judge


@pytest.fixture(scope="session")
def tiny(tmp_path_factory):
    return save_tiny_judge(tmp_path_factory.mktemp("judge") / "tiny")


@pytest.fixture(scope="session")
def served(tiny):
    with serving(tiny, silent_s=0.6) as server:
        yield server


@pytest.fixture
def server(served, monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    served.forget()
    return served
