"""Two processes over gloo do what one does."""

import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from testkit.training_shards import rl_shards, sft_row, write_shard
from uninote_train.process.processes import Processes

ROOT = Path(__file__).resolve().parents[4]


@pytest.fixture(scope="module")
def shards(tmp_path_factory):
    """Rows that two processes share documents of, two without labels, and lists of unequal length."""
    root = tmp_path_factory.mktemp("two")
    rows = [sft_row(n % 5, 9, n, negatives=1 + n % 4, labels=n % 6 != 5) for n in range(20)]
    write_shard(root / "sft/train", "00000", rows[:7])
    write_shard(root / "sft/train", "00001", rows[7:])
    return {"sft": str(root / "sft"), "rl": str(rl_shards(root / "rl", rows=20))}


@pytest.fixture(scope="module")
def two(tmp_path_factory, shards):
    out = tmp_path_factory.mktemp("gloo")
    line = [sys.executable, "-m", "tests.unit.uninote_train.process.gloo_worker"]
    started = [subprocess.Popen([*line, str(r), "2", str(out), shards["sft"], shards["rl"]], cwd=ROOT) for r in range(2)]
    try:
        assert [p.wait(timeout=120) for p in started] == [0, 0]
    finally:
        for process in started:
            process.kill()
    return out


@pytest.mark.slow
@pytest.mark.parametrize("mini_batch", [0, 3], ids=["whole", "cached"])
def test_two_processes_give_the_gradients_and_numbers_of_one(two, shards, mini_batch):
    from tests.unit.uninote_train.process.gloo_worker import gradients

    expected = gradients(Processes(), shards, 0)
    first, second = (load_file(two / f"{rank}-{mini_batch}.safetensors") for rank in range(2))
    assert expected.keys() == first.keys()
    for name, value in expected.items():
        assert torch.equal(first[name], second[name]), name
        scale = max(value.abs().max().item(), 1.0)
        torch.testing.assert_close(first[name] / scale, value / scale, atol=1e-5, rtol=0, msg=lambda m, n=name: f"{n}: {m}")


@pytest.mark.slow
def test_gradients_that_one_process_lacks_count_as_zero_and_rows_are_gathered_in_order(two):
    collectives = load_file(two / "0-collectives.safetensors")
    assert collectives["lonely"].tolist() == [1.0, 2.0]
    assert collectives["absent"].item()
    assert collectives["rows"].tolist() == [0, 10, 11]


def test_the_mean_counts_only_rows_that_count():
    values, counts = torch.tensor([1.0, 5.0, float("nan")]), torch.tensor([True, True, False])
    assert Processes().mean(values, counts).item() == 3.0
    assert Processes().mean(values, torch.zeros(3, dtype=torch.bool)).item() == 0.0
