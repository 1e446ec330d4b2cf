"""Runs the commands in order, skipping finished ones; two trainings at a time with one thread each."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from benchmarks.reproduce.plan import ARMS, SHIPS, START, Arm, Plan
from benchmarks.reproduce.shards import write_arm
from schemas.item import TASKS

ROOT = Path(__file__).resolve().parents[2]
SPLITS = {"train": 0.7, "validation": 0.02, "test": 0.28}
DIMS = "[32,64,128,256]"
CLICKED = "note_to_note"
"""No task of the paper's first stage, and its pairs here are co-clicked: two notes without content in common, which the overlap
judge rightly calls irrelevant, are no lesson."""
PYTHON = sys.executable


class CommandError(Exception):
    """A command failed; its log has the reason."""


def command(arguments: Sequence[str], log: Path, threads: int | None = None) -> None:
    """Run a command of this project, with its output in `log`.

    Raises:
        CommandError: its exit code is not 0.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    environment = dict(os.environ)
    if threads:
        environment |= {"OMP_NUM_THREADS": str(threads)}
    start = time.monotonic()
    with log.open("w") as out:
        done = subprocess.run(arguments, cwd=ROOT, stdout=out, stderr=subprocess.STDOUT, env=environment, check=False)
    print(f"{time.strftime('%H:%M:%S')} {log.stem}: {time.monotonic() - start:.0f} s", flush=True)
    if done.returncode:
        last = "\n".join(log.read_text().splitlines()[-8:])
        raise CommandError(f"{' '.join(arguments)}\nended with {done.returncode}; {log} ends so:\n{last}")


def corpus(work: Path, plan: Plan) -> None:
    """Build the corpus once: mined, annotated, judged, in shards."""
    w, logs, stamp_file = str(work / "w"), work / "logs", work / "corpus.json"
    stamp = json.dumps({"notes": plan.notes, "seed": plan.corpus_seed})
    if stamp_file.exists() and stamp_file.read_text() == stamp:
        return
    sample = ["--set", f"sample.notes={plan.notes}", "--set", f"sample.seed={plan.corpus_seed}"]
    splits = [part for name, share in SPLITS.items() for part in ("--set", f"components.{name}={share}")]
    spark, python = ["./spark-submit.sh"], [PYTHON]
    command([*spark, "jobs/mine_pairs.py", "--workspace", w, *sample, *splits], logs / "1-mine.log")
    command([*python, "jobs/annotate_images.py", "--workspace", w], logs / "2-annotate.log")
    command([*python, "jobs/mine_hard_negatives.py", "--workspace", w, "--calibrate"], logs / "3-negatives.log")
    command([*python, "jobs/judge_relevance.py", "--workspace", w, "--calibrate", "sample"], logs / "4-judge.log")
    tasks = json.dumps([task for task in TASKS if task != CLICKED])
    command([*spark, "jobs/build_shards.py", "--workspace", w, "--set", f"sft.tasks={tasks}"], logs / "5-shards.log")
    for negatives in {arm.negatives for arm in ARMS}:
        write_arm(work / "w" / "sft" / "train", work / "sft" / negatives / "train", negatives)
    write_arm(work / "w" / "rl" / "train", work / "rl" / "train", None)
    stamp_file.write_text(stamp)


def trainings(work: Path, plan: Plan) -> None:
    """Train every arm with every seed, two at a time; arms that start from another's model come later."""
    for later in (False, True):
        jobs = [(arm, seed) for seed in range(plan.seeds) for arm in ARMS if bool(arm.after) == later]
        with ThreadPoolExecutor(max(1, min(2, os.cpu_count() or 1))) as pool:
            list(pool.map(lambda job: _train_and_ask(work, plan, *job), jobs))


def start(work: Path, plan: Plan) -> None:
    """Pretrain the network, and evaluate it and the shipped weights."""
    weights = _school(work)
    if not weights.exists():
        steps = ["--coarse-steps", str(plan.coarse_steps), "--fine-steps", str(plan.fine_steps)]
        where = ["--work", str(weights.parent), "--out", str(weights), "--notes", str(plan.school_notes)]
        command([PYTHON, "-m", "scripts.train_small_encoder", *where, *steps], work / "logs" / "6-school.log", threads=1)
    _ask(work, START, weights)
    _ask(work, SHIPS, None)


def _school(work: Path) -> Path:
    return work / "school" / "weights.safetensors"


def _train_and_ask(work: Path, plan: Plan, arm: Arm, seed: int) -> None:
    name = f"{arm.name}-{seed}"
    out = work / "trained" / name
    if not (out / "model").exists():
        command(_training(work, plan, arm, seed, out), work / "logs" / f"train-{name}.log", threads=1)
    _ask(work, name, out / "model")


def _training(work: Path, plan: Plan, arm: Arm, seed: int, out: Path) -> list[str]:
    stage = "rl" if arm.after else "sft"
    shards = work / "rl" if arm.after else work / "sft" / arm.negatives
    settings = {
        "run.seed": seed, "run.threads": 1, "data.workers": 0, "run.checkpoint_every": 100,
        "data.batch": plan.rl_batch if arm.after else plan.batch,
        "optimizer.steps": plan.rl_steps if arm.after else plan.steps,
        "optimizer.learning_rate": plan.rl_learning_rate if arm.after else plan.learning_rate,
    }  # fmt: skip
    if arm.after:
        settings |= {"model.path": work / "trained" / f"{arm.after}-{seed}" / "model", "rank.policy": "item_softmax"}
    else:
        settings |= {"model.path": _school(work), "loss.kind": arm.loss, "loss.dims": DIMS}
    sets = [part for key, value in settings.items() for part in ("--set", f"{key}={value}")]
    return [PYTHON, "-m", "uninote_train", stage, "--shards", str(shards), "--out", str(out), *sets]


def _ask(work: Path, name: str, model: Path | None) -> None:
    if (work / "evaluated" / name / "metrics.json").exists():
        return
    of = ["--set", f"model.path={model}"] if model else []
    where = ["--shards", str(work / "w" / "sft"), "--out", str(work / "evaluated"), "--name", name]
    command([PYTHON, "-m", "uninote_train", "evaluate", *where, *of], work / "logs" / f"evaluate-{name}.log", threads=1)


def numbers(work: Path, name: str) -> dict:
    """Read a model's metrics from `evaluate`."""
    return json.loads((work / "evaluated" / name / "metrics.json").read_text())
