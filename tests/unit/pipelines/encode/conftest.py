from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def tiny_folder(tmp_path_factory) -> Callable[[str], Path]:
    """The folder of a tiny model by its builder's name; built once."""

    @cache
    def build(name: str) -> Path:
        from testkit import tiny_models

        return getattr(tiny_models, name)(tmp_path_factory.mktemp(name))

    return build
