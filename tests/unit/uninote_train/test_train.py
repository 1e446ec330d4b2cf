"""Whole runs on tiny models of real classes: three steps of both stages, a kill, a row that is not finite, the command line."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from schemas.errors import DataError, SettingsError
from schemas.settings import load_settings
from testkit.training_shards import rl_shards, sft_row, sft_shards, write_shard
from uninote_train import __main__ as command
from uninote_train.models.load_model import load_model
from uninote_train.process.output_lock import lock_output
from uninote_train.settings import TrainRl, TrainSft
from uninote_train.train import train_rl, train_sft

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[3]
CLIP = ["model.kind=open_clip", "data.batch=4", "data.workers=0", "run.threads=1", "loss.dims=[8,24]"]


def settings_of(kind, shards, out, *assignments):
    return load_settings(kind, None, assignments, {"shards": str(shards), "out": str(out)})


def lines(out):
    return [json.loads(line) for line in (Path(out) / "log.jsonl").read_text().splitlines()]


def test_three_steps_of_both_stages_through_qwen3_vl(models, sft, rl, tmp_path, capsys):
    """Three steps of SFT, then of RL from what SFT saved: adapters move, and the model that is saved is another one."""
    tiny = ["model.kind=vlm", "model.lora.rank=4", "data.batch=4", "data.workers=1", "optimizer.steps=3", "run.mini_batch=5"]
    train_sft(
        settings_of(
            TrainSft,
            sft,
            tmp_path / "sft",
            *tiny,
            f"model.path={models('qwen3_vl')}",
            "loss.dims=[16,64]",
            "optimizer.learning_rate=1e-2",
        )
    )
    output = capsys.readouterr().out
    assert "sft: 3 steps, 12 rows seen, 0.50 epochs of 24" in output
    assert output.splitlines()[-1].startswith("next: python -m uninote_train rl --shards ")
    steps_log = lines(tmp_path / "sft")
    assert [t["step"] for t in steps_log] == [1, 2, 3]
    assert all(t["gradient_norm"] > 0 and t["wait_s"] >= 0 and t["rows_seen"] == 4 * t["step"] for t in steps_log)
    saved = tmp_path / "sft/model"
    train_rl(settings_of(TrainRl, rl, tmp_path / "rl", *tiny, f"model.path={saved}", "optimizer.learning_rate=1e-2"))
    assert "next: python -m uninote_train evaluate" in capsys.readouterr().out
    steps_log = lines(tmp_path / "rl")
    assert len(steps_log) == 3
    assert all(t["gradient_norm"] > 0 for t in steps_log)
    assert steps_log[0]["kl"] == pytest.approx(0, abs=1e-5)
    assert steps_log[2]["kl"] > steps_log[0]["kl"]
    assert sum(steps_log[0][f"variance_share_{n}"] for n in ("penalty", "base", "absolute", "relative")) == pytest.approx(
        1, abs=1e-4
    )
    weights = [load_model(_vlm(path)).state_dict() for path in (saved, tmp_path / "rl/model")]
    rows_to = [n for n in weights[0] if not torch.equal(weights[0][n], weights[1][n])]
    assert rows_to
    assert all("lora" in n for n in rows_to)
    assert not [f for f in tmp_path.rglob("*") if f.suffix in (".bin", ".pt", ".pth", ".pkl")]


@pytest.mark.parametrize(
    "extra",
    [[], ["rank.policy=positive_advantage", "rank.frozen_documents=true"], ["rank.policy=plackett_luce", "rank.updates=2"]],
    ids=str,
)
def test_rl_lifts_the_reward(models, tmp_path, extra):
    """From a random start, on lists that can be learnt."""
    shards = rl_shards(tmp_path / "rl", rows=8, shards=1)
    assignments = [
        *CLIP[:-1],
        *extra,
        f"model.path={models('clip')}",
        "optimizer.steps=16",
        "optimizer.learning_rate=1e-3",
        "rank.kl=0.01",
        "data.batch=8",
    ]
    train_rl(settings_of(TrainRl, shards, tmp_path / "out", *assignments))
    steps_log = lines(tmp_path / "out")
    first, last = (sum(t["reward"] for t in part) / 3 for part in (steps_log[:3], steps_log[-3:]))
    assert last > first + 0.1  # 2.7 at the start, 3.2 where every list stands right


def test_sft_learns(models, tmp_path):
    shards = sft_shards(tmp_path / "sft", rows=8, shards=1)
    assignments = [
        *CLIP,
        f"model.path={models('clip')}",
        "optimizer.steps=16",
        "optimizer.learning_rate=2e-3",
        "loss.kind=symmetric_kl",
        "loss.info_nce_weight=0.1",
        "data.batch=8",
    ]
    train_sft(settings_of(TrainSft, shards, tmp_path / "out", *assignments))
    steps_log = lines(tmp_path / "out")
    assert steps_log[-1]["loss"] < 0.7 * steps_log[0]["loss"]
    assert steps_log[0]["in_batch_negatives"] > 0


def test_a_signal_before_the_first_step_is_one_line_and_leaves_no_checkpoint(sft, tmp_path):
    line = [sys.executable, "-m", "uninote_train", "sft", "--shards", str(sft), "--out", str(tmp_path / "out")]
    process = subprocess.Popen(line, cwd=ROOT, stderr=subprocess.PIPE, text=True, start_new_session=True)
    time.sleep(1.0)  # Python itself is up, torch is being imported
    os.killpg(process.pid, signal.SIGINT)
    _, output = process.communicate(timeout=60)
    assert process.returncode == 130, output
    assert output == "interrupted by SIGINT: nothing was done yet\n"
    assert not (tmp_path / "out/checkpoints").exists()


@pytest.mark.parametrize("command_name", ["sft", "rl", "evaluate"])
def test_two_on_one_out_and_an_out_that_is_a_file_are_refused_before_anything_is_read(
    command_name, tmp_path, monkeypatch, capsys
):
    (tmp_path / "file").write_text("mine")

    def ended(out):
        monkeypatch.setattr(sys, "argv", ["uninote_train", command_name, "--shards", "/nowhere", "--out", str(out)])
        with pytest.raises(SystemExit) as ended:
            command.main()
        [line] = capsys.readouterr().err.splitlines()
        return ended.value.code, line

    with lock_output(str(tmp_path / "out"), "sft"):
        assert ended(tmp_path / "out") == (2, matching(r"error: --out .*`python -m uninote_train sft` .* is running there"))
    assert ended(tmp_path / "file") == (2, matching(r"error: --out .*file is a file, expected a folder"))
    assert ended("/proc/out") == (2, matching(r"error: --out '/proc/out': cannot be written"))


class matching(str):  # noqa: N801
    """Equal to whatever it matches."""

    __hash__ = str.__hash__

    def __eq__(self, other):
        return bool(re.match(str(self), other))


def test_a_finished_run_has_nothing_to_do_and_another_is_not_mixed_with_it(models, sft, tmp_path, capsys):
    assignments = [*CLIP, f"model.path={models('clip')}", "optimizer.steps=2"]
    train_sft(settings_of(TrainSft, sft, tmp_path / "out", *assignments))
    train_sft(settings_of(TrainSft, sft, tmp_path / "out", *assignments, "data.workers=1"))
    assert "nothing to do: the run has reached its last step" in capsys.readouterr().out
    with pytest.raises(
        SettingsError, match=r"holds a run with other settings: loss\.temperature is 0\.5, in the run 0\.02; use the same"
    ):
        train_sft(settings_of(TrainSft, sft, tmp_path / "out", *assignments, "loss.temperature=0.5"))


def test_a_loss_that_is_not_finite_stops_with_the_rows_names(models, tmp_path, monkeypatch, capsys):
    rows = [sft_row(n, 8, n) for n in range(8)]
    rows[5]["positive"]["soft_label"] = float("inf")
    write_shard(tmp_path / "sft/train", "00000", rows)
    assignments = [
        *CLIP,
        f"model.path={models('clip')}",
        "optimizer.steps=4",
        "run.checkpoint_every=1",
        "data.batch=2",
        "loss.kind=symmetric_kl",
    ]
    with pytest.raises(
        DataError, match=r"step \d: the loss is nan in 1 of 2 rows of this process; rows pair-0005; inspect them"
    ):
        train_sft(settings_of(TrainSft, tmp_path / "sft", tmp_path / "out", *assignments))
    assert not (tmp_path / "out/model").exists()
    line = ["uninote_train", "sft", "--shards", str(tmp_path / "sft"), "--out", str(tmp_path / "cli")]
    monkeypatch.setattr(sys, "argv", [*line, *(part for g in assignments for part in ("--set", g))])
    with pytest.raises(SystemExit) as ended:
        command.main()
    assert ended.value.code == 2
    [output] = [s for s in capsys.readouterr().err.splitlines() if s.startswith("error: ")]
    assert "pair-0005" in output


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["sft", "--set", "loss.temprature=1"], "unknown ['temprature']; known keys are"),
        (["sft", "--shards", "/nowhere"], "error: "),
        (["rl", "--set", "rank.policy=best"], "rank.policy = 'best'"),
        (["train"], "error: 'train': expected one of sft, rl"),
        ([], "expected one of"),
    ],
)
def test_a_wrong_command_line_ends_in_one_line_and_2(models, arguments, message, monkeypatch, capsys, tmp_path):
    monkeypatch.chdir(tmp_path)
    path = (
        ["--set", f"model.path={models('clip')}", "--set", "model.kind=open_clip"]
        if arguments and arguments[0] != "train"
        else []
    )
    monkeypatch.setattr(sys, "argv", ["uninote_train", *arguments, *path])
    with pytest.raises(SystemExit) as ended:
        command.main()
    assert ended.value.code == 2
    stderr_lines = capsys.readouterr().err.splitlines()
    assert len(stderr_lines) == 1
    assert message in stderr_lines[0]


def test_a_batch_that_processes_cannot_share_is_refused(models, sft, tmp_path):
    from uninote_train.process.processes import Processes
    from uninote_train.train import _planned

    assignments = settings_of(TrainSft, sft, tmp_path, *CLIP, f"model.path={models('clip')}")
    with pytest.raises(SettingsError, match=r"data\.batch 4: expected a multiple of the 3 training processes"):
        _planned("sft", assignments, load_model(_clip(models("clip"))), Processes(0, 3), 0)


def _vlm(path):
    from uninote_train.models.settings import ModelChoice

    return ModelChoice(kind="vlm", path=str(path))


def _clip(path):
    from uninote_train.models.settings import ModelChoice

    return ModelChoice(kind="open_clip", path=str(path))
