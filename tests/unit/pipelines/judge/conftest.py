"""One tiny judge and one server of it for the folder."""

import pytest

from tests.support.judge_server import serving
from tests.support.tiny_judge import save_tiny_judge


@pytest.fixture(scope="session")
def tiny(tmp_path_factory):
    """One thread: two of them wait for each other longer than they work on so small a model."""
    import torch

    torch.set_num_threads(1)
    return save_tiny_judge(tmp_path_factory.mktemp("judge") / "tiny")


@pytest.fixture(scope="session")
def served(tiny):
    with serving(tiny, silent_s=2.5) as server:
        yield server


@pytest.fixture
def server(served, monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    served.forget()
    return served
