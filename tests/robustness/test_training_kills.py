"""A training that is killed or interrupted goes on with the losses, to the last digit, of one that was not."""

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import pytest
import torch

from schemas.settings import load_settings
from tests.support.workspaces import ROOT
from uninote_train.data.loader import StepLoader
from uninote_train.models.load_model import load_model
from uninote_train.models.settings import ModelChoice
from uninote_train.settings import TrainSft
from uninote_train.train import train_sft

CLIP = ["model.kind=open_clip", "data.batch=4", "data.workers=0", "run.threads=1", "loss.dims=[8,24]"]


def settings_of(kind, shards, out, *assignments):
    return load_settings(kind, None, assignments, {"shards": str(shards), "out": str(out)})


def lines(out):
    return [json.loads(line) for line in (Path(out) / "log.jsonl").read_text().splitlines()]


def test_a_run_that_was_killed_goes_on_with_the_losses_of_one_that_was_not(models, sft, tmp_path):
    """kill -9 between two checkpoints: what came after the last one is done again, to the same last digit."""
    assignments = [*CLIP, f"model.path={models('clip')}", "optimizer.steps=30", "run.checkpoint_every=4", "loss.kind=info_nce"]
    train_sft(settings_of(TrainSft, sft, tmp_path / "whole", *assignments))
    out = tmp_path / "killed"
    line = [sys.executable, "-m", "uninote_train", "sft", "--shards", str(sft), "--out", str(out)]
    process = subprocess.Popen(
        [*line, *(part for g in assignments for part in ("--set", g))], cwd=ROOT, stderr=subprocess.DEVNULL
    )
    try:
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline and process.poll() is None:
            if (out / "log.jsonl").exists() and len((out / "log.jsonl").read_text().splitlines()) >= 10:
                break
            time.sleep(0.005)
    finally:
        os.kill(process.pid, signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    assert (out / "checkpoints/step-00000008").exists()
    assert not (out / "model").exists()
    train_sft(settings_of(TrainSft, sft, out, *assignments, "data.workers=2"))
    for key in ("loss", "gradient_norm", "learning_rate"):
        assert [t[key] for t in lines(out)] == [t[key] for t in lines(tmp_path / "whole")], key
    assert [t["step"] for t in lines(out)] == list(range(1, 31))
    one, two = (load_model(_clip(tmp_path / n / "model")).state_dict() for n in ("whole", "killed"))
    assert all(torch.equal(one[n], two[n]) for n in one)


@pytest.mark.parametrize(("number", "workers", "name"), [(signal.SIGINT, 0, "SIGINT"), (signal.SIGTERM, 2, "SIGTERM")], ids=str)
def test_a_run_that_was_interrupted_goes_on_after_the_step_it_was_at(models, sft, tmp_path, number, workers, name):
    """The whole group gets the signal, as from a terminal or a scheduler: the step is ended, kept, and said in one line."""
    assignments = [
        *CLIP,
        f"model.path={models('clip')}",
        "optimizer.steps=3000",
        f"data.workers={workers}",
        "loss.kind=info_nce",
    ]
    out = tmp_path / "stopped"
    line = [sys.executable, "-m", "uninote_train", "sft", "--shards", str(sft), "--out", str(out)]
    process = subprocess.Popen([*line, *(part for g in assignments for part in ("--set", g))], cwd=ROOT, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, text=True, start_new_session=True)  # fmt: skip
    try:
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline and process.poll() is None:
            if (out / "log.jsonl").exists() and len((out / "log.jsonl").read_text().splitlines()) >= 10:
                break
            time.sleep(0.005)
        os.killpg(process.pid, number)
        _, output = process.communicate(timeout=60)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
    assert process.returncode == 128 + number, output
    [last] = [s for s in output.splitlines() if not re.match(r"\d\d:\d\d:\d\d ", s)]
    [done] = re.fullmatch(rf"interrupted by {name}: after step (\d+) of 3000; .*start the same command again.*", last).groups()
    steps = int(done)
    assert [t["step"] for t in lines(out)] == list(range(1, steps + 1))
    assert [p.name for p in (out / "checkpoints").iterdir()] == [f"step-{steps:08d}"]

    def first(count, folder):
        (folder / "checkpoints").mkdir(parents=True, exist_ok=True)
        with pytest.MonkeyPatch.context() as patch:  # the settings stay those of the run: only the last steps are left out
            patch.setattr("uninote_train.train.StepLoader", partial(Few, count))
            with contextlib.suppress(Enough):
                train_sft(settings_of(TrainSft, sft, folder, *assignments, "data.workers=0"))
        return [(t["step"], t["loss"], t["gradient_norm"], t["learning_rate"]) for t in lines(folder)]

    assert first(steps + 5, out) == first(steps + 5, tmp_path / "whole")


def test_all_processes_of_a_run_end_after_the_same_step(models, sft, tmp_path):
    """A scheduler signals torchrun, which signals each process in its turn; here one process is signalled first, alone."""
    out = tmp_path / "out"
    assignments = [*CLIP, f"model.path={models('clip')}", "optimizer.steps=3000", "run.device=cpu"]
    line = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2", "--master-port", str(free_port()), "-m"]
    line += ["uninote_train", "sft", "--shards", str(sft), "--out", str(out)]
    process = subprocess.Popen([*line, *(part for g in assignments for part in ("--set", g))], cwd=ROOT, stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, text=True, start_new_session=True)  # fmt: skip
    try:
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline and process.poll() is None:
            if (out / "log.jsonl").exists() and len((out / "log.jsonl").read_text().splitlines()) >= 5:
                break
            time.sleep(0.01)
        holder = json.loads((out / "_run.lock").read_text())["pid"]
        [other] = [int(pid) for pid in subprocess.check_output(["pgrep", "-P", str(process.pid)]).split() if int(pid) != holder]
        os.kill(other, signal.SIGTERM)
        output, _ = process.communicate(timeout=90)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
    steps = lines(out)[-1]["step"]
    assert f"interrupted by SIGTERM: after step {steps} of 3000" in output
    assert [p.name for p in (out / "checkpoints").iterdir()] == [f"step-{steps:08d}"]


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Enough(Exception):  # noqa: N818
    """So many steps are done."""


class Few(StepLoader):
    """As `StepLoader`; ends the run after so many steps."""

    def __init__(self, count, steps, numbers, settings, pin):
        super().__init__(steps, range(numbers.start, count), settings, pin)

    def __iter__(self):
        yield from super().__iter__()
        raise Enough


def _clip(path):

    return ModelChoice(kind="open_clip", path=str(path))
