"""Fixtures of a training: tiny models of real classes, and shards of both stages."""

from pathlib import Path

import pytest

from testkit.training_shards import rl_shards, sft_shards


@pytest.fixture(scope="session")
def models(tmp_path_factory):
    """The folder of a tiny model by name: qwen3_vl, clip."""
    root = tmp_path_factory.mktemp("models")
    folders: dict[str, Path] = {}

    def folder(name: str) -> Path:
        from testkit import tiny_models

        if name not in folders:
            folders[name] = getattr(tiny_models, name)(root / name)
        return folders[name]

    return folder


@pytest.fixture(scope="session")
def sft(tmp_path_factory) -> Path:
    return sft_shards(tmp_path_factory.mktemp("sft"))


@pytest.fixture(scope="session")
def rl(tmp_path_factory) -> Path:
    return rl_shards(tmp_path_factory.mktemp("rl"))
