"""Tiny models of real classes, and one thread: the sizes here are too small for two."""

import pytest
import torch

from tests.support.tiny_training import models, rl, sft  # noqa: F401  fixtures


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
