import dataclasses
import os
import signal

import pytest
import torch

from schemas.errors import DataError
from schemas.shards import SFT
from testkit.training_shards import sft_shards
from tests.unit.uninote_train.toy import ToyPreparer
from uninote_train.data.loader import Data, StepDataset, StepLoader
from uninote_train.data.sample_order import Order
from uninote_train.data.shard_reader import open_shards


def steps_of(folder, tmp_path, batch=4, rank=0, world=1, preparer=None):
    shards = open_shards(str(folder), "train", SFT, str(tmp_path))
    order = Order(shards.counts, 3, 2)
    return StepDataset(
        stage="sft", shards=shards, order=order, preparer=preparer or ToyPreparer(), batch=batch, rank=rank, world=world
    )


def read(steps, numbers, workers):
    return list(StepLoader(steps, numbers, Data(workers=workers), pin=False))


def same(a, b):
    for field in dataclasses.fields(a):
        one, two = getattr(a, field.name), getattr(b, field.name)
        if isinstance(one, torch.Tensor):
            torch.testing.assert_close(one, two, rtol=0, atol=0, equal_nan=True)
        elif field.name != "ids":
            assert all(torch.equal(one.tensors[k], two.tensors[k]) for k in one.tensors)
    return a.ids == b.ids


def test_workers_change_nothing_and_a_start_in_the_middle_goes_on_exactly(sft, tmp_path):
    steps = steps_of(sft, tmp_path)
    whole = read(steps, range(9), workers=0)  # 24 rows an epoch: the seventh step begins the second
    resumed = read(steps, range(4, 9), workers=3)
    assert len(resumed) == 5
    assert all(same(a, b) for a, b in zip(whole[4:], resumed, strict=True))


@pytest.mark.parametrize(("cores", "processes", "workers"), [(2, 1, 2), (16, 1, 8), (12, 1, 6), (12, 2, 3), (96, 4, 8)])
def test_workers_follow_the_cores_of_a_process(monkeypatch, cores, processes, workers):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(cores)), raising=False)
    monkeypatch.setenv("LOCAL_WORLD_SIZE", str(processes))
    assert Data().worker_count == workers
    assert Data(workers=0).worker_count == 0 and Data(workers=3).worker_count == 3


def test_processes_share_an_epoch_without_gaps_or_repeats(sft, tmp_path):
    one = [r.ids for r in read(steps_of(sft, tmp_path, batch=6), range(4), workers=0)]
    three = [read(steps_of(sft, tmp_path, batch=6, rank=r, world=3), range(4), workers=0) for r in range(3)]
    joined = [sum((part[n].ids for part in three), ()) for n in range(4)]
    assert joined == one
    assert sorted(sum(joined, ())) == [f"pair-{n:04d}" for n in range(24)]


def test_a_workers_error_is_one_line_with_the_file(tmp_path):
    folder = sft_shards(tmp_path / "sft", rows=8, shards=1)
    steps = steps_of(folder, tmp_path)
    (folder / "train/00000.pictures.arrow").write_bytes(b"ARROW1 and nothing")
    with pytest.raises(DataError) as error:
        read(steps, range(2), workers=1)
    assert "00000.pictures.arrow: not a readable Arrow file" in str(error.value)
    assert "\n" not in str(error.value)


class Fatal(ToyPreparer):
    def prepare(self, items, pictures):
        os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.slow
def test_a_worker_that_is_killed_is_told(sft, tmp_path):
    with pytest.raises(DataError, match="a data worker ended"):
        read(steps_of(sft, tmp_path, preparer=Fatal()), range(2), workers=1)


def test_the_wait_for_rows_is_measured(sft, tmp_path):
    waited = StepLoader(steps_of(sft, tmp_path), range(2), Data(workers=0), pin=False)
    assert all(waited.seconds > 0 for _ in waited)
