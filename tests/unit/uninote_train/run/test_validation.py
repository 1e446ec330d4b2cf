"""A run that looks at its validation split: what it keeps, when it stops, and what a kill at any point costs."""

import json
from pathlib import Path

import pytest
import torch

from schemas.errors import DataError
from schemas.settings import load_settings
from testkit.training_shards import rl_shards, sft_shards
from uninote_train.evaluation.command import Evaluate, evaluate
from uninote_train.evaluation.results_table import mean_of_meta
from uninote_train.models.load_model import load_model
from uninote_train.models.settings import ModelChoice
from uninote_train.run.best_model import Evaluation, History
from uninote_train.settings import TrainRl, TrainSft
from uninote_train.train import train_rl, train_sft

pytestmark = pytest.mark.slow
ROOT = Path(__file__).resolve().parents[4]


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


def test_the_best_evaluation_is_the_model_and_its_number_is_that_of_evaluate(shards, models, tmp_path, capsys):
    out = tmp_path / "out"
    train_sft(settings_of(shards, out, models, "optimizer.steps=12", "optimizer.learning_rate=1e-3", "validation.every=2"))
    entries = history(out)
    assert [e["step"] for e in entries] == [0, 2, 4, 6, 8, 10, 12]
    best = max(entries, key=lambda e: (e["score"], -e["step"]))
    assert best["score"] > entries[0]["score"]
    printed = capsys.readouterr()
    assert f"the model is that of step {best['step']}" in printed.out
    assert "warning: fewer than 50 queries: image_to_note" in printed.err
    assert json.loads((out / "model/run.json").read_text())["steps"] == best["step"]
    assert [p.name for p in (out / "validation").glob("step-*")] == [f"step-{best['step']:08d}"]
    choice = ModelChoice(kind="open_clip", path=str(out / "model"))
    evaluate(Evaluate(shards=str(shards / "sft"), out=str(tmp_path / "e"), split="validation", name="best", model=choice))
    numbers = json.loads((tmp_path / "e/best/metrics.json").read_text())
    whole = numbers["at"][str(numbers["dimensions"])]
    assert mean_of_meta(whole) == pytest.approx(best["score"], abs=1e-12)
    assert {t: v["recall@1"][0] for t, v in whole["tasks"].items()} == pytest.approx(best["tasks"], abs=1e-12)


@pytest.mark.parametrize(("rate", "place"), [("1e-9", "level with its start"), ("30.0", "below its start")])
def test_a_run_without_gain_stops_early_and_saves_its_start(rate, place, shards, models, tmp_path, capsys):
    out = tmp_path / "out"
    more = ["optimizer.steps=40", f"optimizer.learning_rate={rate}", "validation.every=4", "validation.patience=2"]
    train_sft(settings_of(shards, out, models, *more, "optimizer.warmup=0.0"))
    printed = capsys.readouterr().out
    first = history(out)[0]["score"]
    assert [e["step"] for e in history(out)] == [0, 4, 8]
    assert "sft: 8 steps" in printed and "stopped after step 8 of 40: 2 evaluations in a row without a gain" in printed
    assert f"validation: {place}: " in printed and f"{100 * first:.1f} at the start, which is saved as the model" in printed
    one, two = weights(models("clip")), weights(out / "model")
    assert all(torch.equal(one[n], two[n]) for n in one)
    train_sft(settings_of(shards, out, models, *more, "optimizer.warmup=0.0"))
    assert "nothing to do" in capsys.readouterr().out  # it does not go on after it stopped
    train_sft(settings_of(shards, out, models, *more[:3], "validation.patience=0", "optimizer.warmup=0.0"))
    assert [e["step"] for e in history(out)] == list(range(0, 41, 4))  # unless patience says so


def test_without_a_validation_split_one_line_says_so_and_the_last_step_is_the_model(sft, models, tmp_path, capsys):
    out = tmp_path / "out"
    assert sft.name.startswith("sft")  # a folder with `train` alone
    (tmp_path / "sft").symlink_to(sft)
    train_sft(settings_of(tmp_path, out, models, "optimizer.steps=2"))
    printed = capsys.readouterr()
    assert printed.err.count("no validation split beside") == 1
    assert "\nvalidation" not in printed.out and not (out / "validation").exists()
    assert json.loads((out / "model/run.json").read_text())["steps"] == 2


def test_ranking_is_evaluated_on_the_pairs_and_the_lists_beside_each_other(shards, models, tmp_path, capsys):
    train_rl(settings_of(shards, tmp_path / "out", models, "optimizer.steps=2", stage="rl"))
    assert set(history(tmp_path / "out")[0]["tasks"]) == {"image_to_note", "text_to_note", "note_to_note", "note_to_note_lists"}
    assert "level with its start: mean recall@1 of the meta tasks" in capsys.readouterr().out
    named = settings_of(shards, tmp_path / "other", models, "sft='/nowhere'", stage="rl")
    with pytest.raises(DataError, match=r"sft '/nowhere': no shards in its folder train.*replay\.rows=0"):
        train_rl(named)


def test_the_best_is_the_first_of_the_highest_and_patience_counts_from_it():
    entries = [Evaluation(n, s, {}) for n, s in enumerate((0.2, 0.4, 0.3, 0.4, 0.1))]
    assert History(entries).best.step == 1 and History(entries).without_gain == 3
    assert History(entries).until(0).best.step == 0
