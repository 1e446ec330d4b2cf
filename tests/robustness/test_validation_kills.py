"""A training that looks at its validation split and is killed, at any point, or has two processes: it ends as one that was not."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time

import pytest
import torch

from schemas.settings import load_settings
from testkit.training_shards import rl_shards, sft_shards
from tests.robustness.test_training_kills import free_port
from tests.support.workspaces import ROOT
from uninote_train.models.load_model import load_model
from uninote_train.models.settings import ModelChoice
from uninote_train.run import evaluations as module
from uninote_train.settings import TrainRl, TrainSft
from uninote_train.train import train_rl, train_sft


@pytest.fixture(scope="module")
def shards(tmp_path_factory):
    """Both stages with a validation split each."""
    root = tmp_path_factory.mktemp("with-validation")
    for split, rows in (("train", 24), ("validation", 30)):
        sft_shards(root / "sft", rows=rows, split=split)
        rl_shards(root / "rl", rows=12, split=split)
    return root


def settings_of(shards, out, models, *more, stage="sft"):
    kind = TrainSft if stage == "sft" else TrainRl
    fixed = ["model.kind=open_clip", f"model.path={models('clip')}", "data.batch=4", "data.workers=0", "run.threads=1"]
    return load_settings(kind, None, [*fixed, *more], {"shards": str(shards / stage), "out": str(out)})


def history(out):
    return json.loads((out / "validation/history.json").read_text())


def weights(folder):
    return load_model(ModelChoice(kind="open_clip", path=str(folder))).state_dict()


class Killed(BaseException):
    """The process ends here."""


POINTS = ("measure", "write_weights", "write_history", "delete_other_weights")


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("point", POINTS)
def test_a_kill_at_any_point_of_an_evaluation_changes_nothing(point, after, shards, models, tmp_path, monkeypatch):
    """Killed before or after each thing that an evaluation does, at the third evaluation; the same command ends alike."""
    more = ["optimizer.steps=8", "optimizer.learning_rate=1e-3", "validation.every=2", "run.keep_checkpoints=1"]
    train_sft(settings_of(shards, tmp_path / "whole", models, *more))
    place = module.Validator if point == "measure" else module
    function, calls = getattr(place, point), []

    def dying(*arguments):
        calls.append(1)
        if len(calls) == 3 and not after:
            raise Killed
        result = function(*arguments)
        if len(calls) == 3:
            raise Killed
        return result

    out = tmp_path / "killed"
    with monkeypatch.context() as patch:
        patch.setattr(place, point, dying)
        with contextlib.suppress(Killed):
            train_sft(settings_of(shards, out, models, *more))
    assert len(calls) == 3 and not (out / "model").exists()
    train_sft(settings_of(shards, out, models, *more))
    assert history(out) == history(tmp_path / "whole")
    one, two = weights(out / "model"), weights(tmp_path / "whole/model")
    assert all(torch.equal(one[n], two[n]) for n in one)
    assert [p.name for p in (out / "validation").iterdir()] == [p.name for p in (tmp_path / "whole/validation").iterdir()]


def test_ranking_with_replay_that_is_killed_ends_as_one_that_was_not(shards, models, tmp_path, monkeypatch, capsys):
    more = ["optimizer.steps=6", "optimizer.learning_rate=1e-3", "validation.every=2", "replay.rows=4", "loss.dims=[8]"]
    train_rl(settings_of(shards, tmp_path / "whole", models, *more, stage="rl"))
    assert "replay: 4 rows of SFT a step" in capsys.readouterr().err
    lines = [json.loads(line) for line in (tmp_path / "whole/log.jsonl").read_text().splitlines()]
    assert all(line["replay_loss"] > 0 and "perfect_lists" in line for line in lines)
    out, function, calls = tmp_path / "killed", module.write_history, []

    def dying(*arguments):
        calls.append(1)
        if len(calls) == 3:
            raise Killed
        function(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(module, "write_history", dying)
        with contextlib.suppress(Killed):
            train_rl(settings_of(shards, out, models, *more, stage="rl"))
    train_rl(settings_of(shards, out, models, *more, stage="rl"))
    assert history(out) == history(tmp_path / "whole")
    one, two = weights(out / "model"), weights(tmp_path / "whole/model")
    assert all(torch.equal(one[n], two[n]) for n in one)


def command(shards, out, models, *more):
    fixed = ["model.kind=open_clip", f"model.path={models('clip')}", "data.batch=4", "data.workers=0", "run.threads=1"]
    sets = [part for one in (*fixed, *more) for part in ("--set", one)]
    return ["uninote_train", "sft", "--shards", str(shards / "sft"), "--out", str(out), *sets]


def test_a_run_that_is_killed_again_and_again_ends_as_one_that_was_not(shards, models, tmp_path):
    """kill -9 a second after each start's first step, whatever it is at: steps, an evaluation or a save."""
    more = ["optimizer.steps=60", "optimizer.learning_rate=1e-3", "validation.every=3"]
    train_sft(settings_of(shards, tmp_path / "whole", models, *more))
    out = tmp_path / "killed"
    line = [sys.executable, "-m", *command(shards, out, models, *more)]
    for pause in (0.0, 0.3, 0.45):
        process = subprocess.Popen(line, cwd=ROOT, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
        for output in process.stderr:
            if "step" in output and " of 60:" in output:
                break
        time.sleep(pause)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        process.stderr.close()
    assert not (out / "model").exists() and history(out)
    train_sft(settings_of(shards, out, models, *more))
    assert history(out) == history(tmp_path / "whole")
    one, two = weights(out / "model"), weights(tmp_path / "whole/model")
    assert all(torch.equal(one[n], two[n]) for n in one)


def test_two_processes_share_the_items_agree_and_stop_together(shards, models, tmp_path):
    more = [
        "optimizer.steps=12",
        "optimizer.learning_rate=1e-3",
        "validation.every=2",
        "validation.patience=1",
        "run.device=cpu",
    ]
    train_sft(settings_of(shards, tmp_path / "one", models, *more))
    line = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2", "--master-port", str(free_port()), "-m"]
    ended = subprocess.run([*line, *command(shards, tmp_path / "two", models, *more)], cwd=ROOT, capture_output=True, text=True,
                           timeout=180, check=False)  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    one, two = history(tmp_path / "one"), history(tmp_path / "two")
    assert [e["step"] for e in one] == [e["step"] for e in two]
    assert [e["score"] for e in one] == pytest.approx([e["score"] for e in two], abs=0.05)  # sums in another order
