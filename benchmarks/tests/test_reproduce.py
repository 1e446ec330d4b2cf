"""The arms' shards and the tables of `make reproduce`; a short training of every arm from shards that are there."""

import itertools
import json
import shutil

import pyarrow.parquet as pq
import pytest

from benchmarks.reproduce import run, shards
from benchmarks.reproduce.plan import ARMS, SHIPS, START, Plan
from benchmarks.reproduce.run import numbers, start, trainings
from benchmarks.reproduce.shards import with_negatives, write_arm
from benchmarks.reproduce.tables import page, spread
from schemas.settings import load_settings
from small_encoder.weights import SHIPPED
from testkit.training_shards import rl_shards, sft_row, sft_shards
from uninote_train.settings import TrainRl, TrainSft

JUDGED = shards.judged


def names(row):
    return [c["item"]["item_id"] for c in row["candidates"]]


def test_without_the_rule_the_mined_negatives_stay_as_they_are():
    rows = [sft_row(n % 8, 8, n) for n in range(16)]
    found = with_negatives(rows, "mined")
    for row, changed in zip(rows, found, strict=True):
        assert [c["source"] for c in changed["candidates"]] == ["band", "band"]
        assert names(changed) == [c["item"]["item_id"] for c in row["candidates"] if c["source"] == "band"]
        assert changed["positive"] == row["positive"]


def test_random_negatives_are_answers_of_the_same_task_in_other_components_and_as_many():
    rows = [sft_row(n % 7, 7, n) for n in range(28)]
    found = with_negatives(rows, "random")
    answers = {}
    for row in rows:
        answers.setdefault(row["task"], set()).add(row["positive"]["item"]["item_id"])
    for row in found:
        assert len(set(names(row))) == len(row["candidates"]) == 2
        assert set(names(row)) <= answers[row["task"]]
        own = {row["component_id"], row["positive"]["component_id"]}
        assert all(c["component_id"] not in own and c["soft_label"] == 0 for c in row["candidates"])
    assert found == with_negatives(rows[::-1], "random")[::-1]
    assert found != with_negatives(rows, "mined")


@pytest.fixture(autouse=True)
def labelled_by_a_judge(monkeypatch):
    """Accept all rows, since the test shards have the label source `similarity`."""
    monkeypatch.setattr(shards, "judged", lambda rows: list(rows))


def test_rows_that_no_judge_has_labelled_are_left_out():
    rows = [{**sft_row(n, 8, n), "label_from": source} for n, source in enumerate(("judge", "similarity", None))]
    assert JUDGED(rows) == rows[:1]


def test_an_arm_is_written_once_and_shows_the_pictures_of_its_source(tmp_path):
    sft_shards(tmp_path / "sft", rows=16, shards=2)
    folder = tmp_path / "mined" / "train"
    write_arm(tmp_path / "sft" / "train", folder, "mined")
    before = {p.name: p.lstat().st_mtime_ns for p in folder.iterdir()}
    write_arm(tmp_path / "sft" / "train", folder, "mined")
    assert before == {p.name: p.lstat().st_mtime_ns for p in folder.iterdir()}
    assert {p.name for p in folder.iterdir()} == {
        "00000.parquet",
        "00000.pictures.arrow",
        "00001.parquet",
        "00001.pictures.arrow",
        "made.json",
    }
    assert all(c["source"] != "rule" for r in pq.read_table(folder / "00000.parquet").to_pylist() for c in r["candidates"])


def test_a_spread_is_the_standard_deviation_over_seeds():
    assert spread([0.1, 0.2, 0.3]) == "20.0 ±10.0"
    assert spread([0.1]) == "10.0"


@pytest.mark.parametrize("arm", ARMS, ids=lambda arm: arm.name)
def test_the_trainer_knows_every_setting_of_an_arm(arm, tmp_path):
    _, _, _, stage, *flags = run._training(tmp_path, Plan(), arm, 1, tmp_path / "out")
    sets = [value for flag, value in itertools.pairwise(flags) if flag == "--set"]
    settings = load_settings(TrainRl if stage == "rl" else TrainSft, None, sets, {})
    assert settings.run.seed == 1
    if arm.after:
        assert settings.model.path == str(tmp_path / "trained" / f"{arm.after}-1" / "model")
    else:
        assert settings.model.path == str(tmp_path / "school" / "weights.safetensors")
        assert settings.loss.kind == arm.loss and settings.loss.dims[-1] == 256


@pytest.mark.slow
def test_an_arm_and_ranking_after_it_are_trained_and_asked_once(tmp_path, monkeypatch):
    """Runs the real commands with two steps each; a second run skips all."""
    sft_shards(tmp_path / "w" / "sft", rows=12, split="test")
    rl_shards(tmp_path / "w" / "rl", rows=8, split="test")
    write_arm(sft_shards(tmp_path / "from", rows=24) / "train", tmp_path / "sft" / "all" / "train", "all")
    write_arm(rl_shards(tmp_path / "lists", rows=8) / "train", tmp_path / "rl" / "train", None)
    arms = [arm for arm in ARMS if arm.name in ("all", "rl")]
    monkeypatch.setattr(run, "ARMS", arms)
    plan = Plan(seeds=1, steps=2, batch=4, rl_steps=2, rl_batch=2)
    (tmp_path / "school").mkdir()
    shutil.copy(SHIPPED, tmp_path / "school" / "weights.safetensors")  # some schooling takes minutes
    start(tmp_path, plan)
    trainings(tmp_path, plan)
    systems = {name: [numbers(tmp_path, name)] for name in (SHIPS, START)}
    text = page({**systems, **{arm.name: [numbers(tmp_path, f"{arm.name}-0")] for arm in arms}})
    for about in ("the weights that ship", "before training", "mined, and the rule", "with RL", "note_to_note_lists"):
        assert about in text
    one, two = (tmp_path / "trained" / f"{arm.name}-0" / "model" / "weights.safetensors" for arm in arms)
    assert one.read_bytes() != two.read_bytes()
    assert json.loads((tmp_path / "trained" / "rl-0" / "model" / "run.json").read_text())["stage"] == "rl"
    monkeypatch.setattr(run, "command", lambda *flags, **more: pytest.fail(f"ran again: {flags}"))
    start(tmp_path, plan)
    trainings(tmp_path, plan)
