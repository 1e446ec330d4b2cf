"""A training run: open shards, load model and checkpoint, train, save the model."""

import json
import os
import shutil
import sys
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from accelerate import Accelerator

from schemas.errors import SettingsError
from schemas.settings import as_tree
from schemas.shards import RL, SFT
from uninote_train.data.label_check import refuse_wrong_labels
from uninote_train.data.loader import Stage, StepDataset, StepLoader
from uninote_train.data.sample_order import Order
from uninote_train.data.shard_reader import open_shards
from uninote_train.models.load_model import load_model
from uninote_train.models.protocol import Model
from uninote_train.objectives.contrastive import ContrastiveObjective
from uninote_train.objectives.losses.matryoshka import usable
from uninote_train.objectives.protocol import Objective
from uninote_train.objectives.ranking_rl import RankingObjective
from uninote_train.objectives.rl.reference_model import ReferenceModel
from uninote_train.run.checkpoint import replace
from uninote_train.run.interrupt import StopSignal
from uninote_train.run.log import RunLog
from uninote_train.run.loop import Clock, Stepper
from uninote_train.run.optimizer import adamw, schedule
from uninote_train.run.output_lock import lock_output
from uninote_train.run.processes import Processes
from uninote_train.run.resume import CHECKPOINTS, Progress
from uninote_train.settings import TrainRl, TrainSft

Autocast = Callable[[], AbstractContextManager[Any]]
MODEL, RUN_FILE = "model", "run.json"
TABLES = {"sft": SFT, "rl": RL}


def train_sft(settings: TrainSft) -> None:
    """Run stage 1."""

    def objective(model: Model, processes: Processes, autocast: Autocast) -> Objective:
        return ContrastiveObjective(settings.loss, usable(settings.loss.dims, model.dimensions), processes)

    _train("sft", settings, objective, rankings=0)


def train_rl(settings: TrainRl) -> None:
    """Run stage 2."""

    def objective(model: Model, processes: Processes, autocast: Autocast) -> Objective:
        [size] = usable([settings.rank.dims or model.dimensions], model.dimensions)
        return RankingObjective(settings.rank, size, ReferenceModel(model, settings.run.mini_batch, autocast), processes)

    sampled = settings.rank.policy == "plackett_luce"
    _train("rl", settings, objective, rankings=settings.rank.rankings if sampled else 0)


@dataclass(frozen=True, slots=True)
class _Plan:
    """The output folder, rows and number of steps of a run."""

    out: Path
    rows: StepDataset
    steps: int
    processes: Processes


def _train(stage: Stage, settings: TrainSft | TrainRl, objective: Callable[..., Objective], rankings: int) -> None:
    os.environ["TOKENIZERS_PARALLELISM"] = "false"  # its threads do not survive a fork
    if settings.run.threads:
        torch.set_num_threads(settings.run.threads)
    accelerator = _accelerator(settings)
    processes = Processes(accelerator.process_index, accelerator.num_processes)
    with lock_output(settings.out, stage) if processes.rank == 0 else nullcontext():
        _run(stage, settings, objective, rankings, accelerator, processes)
    accelerator.end_training()  # leaves the process group: gloo's threads may abort a process that ends with it open


def _run(
    stage: Stage,
    settings: TrainSft | TrainRl,
    objective: Callable[..., Objective],
    rankings: int,
    accelerator: Accelerator,
    processes: Processes,
) -> None:
    torch.manual_seed(settings.run.seed)  # new weights and adapters must be the same in all processes
    model = load_model(settings.model, str(accelerator.device))
    plan = _planned(stage, settings, model, processes, rankings)
    loss = objective(model, processes, accelerator.autocast)
    parameters = Progress.parameters(model)
    optimizer = adamw(parameters, settings.optimizer)
    rate = schedule(optimizer, settings.optimizer, plan.steps)
    progress = Progress(plan.out, model, optimizer, rate, _identity(settings, plan), settings.run.keep_checkpoints)
    done = progress.load()
    stepper = Stepper(
        model, loss, optimizer, rate, processes, accelerator.autocast, accelerator.device, settings.run.seed,
        settings.run.mini_batch, settings.optimizer.clip,
    )  # fmt: skip
    results = _train_steps(plan, settings, stepper, progress, done)
    processes.wait()
    if processes.rank == 0:
        _save(plan, model, settings, stage)
        sys.stdout.write(_closing_summary(stage, settings, plan, results))


def _train_steps(
    plan: _Plan, settings: TrainSft | TrainRl, stepper: Stepper, progress: Progress, done: int
) -> dict[str, float]:
    """Train; returns the metrics of the last step and the run's total times."""
    sums = {"seconds": 0.0, "wait_s": 0.0}
    numbers: dict[str, float] = {}
    batch, first = plan.rows.batch, plan.processes.rank == 0
    loader = StepLoader(plan.rows, range(done, plan.steps), settings.data, pin=stepper.device.type == "cuda")
    stop = StopSignal(plan.processes, stepper.device)
    with RunLog(plan.out, done, plan.steps, settings.run.log_every_s, silent=not first) as log, stop:
        log.message(f"{plan.steps - done} of {plan.steps} steps of {batch} rows; {plan.rows.order.rows} rows an epoch")
        clock = Clock()
        for number, rows in enumerate(loader, done):
            if stop.requested():
                raise stop.interruption(_saved_at(number, done, plan, settings, progress))
            numbers = stepper.step(number, rows)
            time = clock.lap(batch, loader.seconds)
            rows_seen = (number + 1) * batch
            log.step(number + 1, {**numbers, **time, "rows_seen": rows_seen, "epoch": rows_seen / plan.rows.order.rows})
            sums = {key: sums[key] + time[key] for key in sums}
            last = number + 1 == plan.steps
            if first and (last or (number + 1) % settings.run.checkpoint_every == 0):
                progress.save(number + 1)
    return {**numbers, **sums, "steps": plan.steps - done}


def _saved_at(step: int, done: int, plan: _Plan, settings: TrainSft | TrainRl, progress: Progress) -> str:
    """Make sure that there is a checkpoint after `step` steps; returns the message about it."""
    again = "start the same command again: it resumes there, with the same losses"
    if not step:
        return f"before the first of {plan.steps} steps; nothing was saved; start the same command again"
    if step > done and step % settings.run.checkpoint_every and plan.processes.rank == 0:
        progress.save(step)
    plan.processes.wait()  # a process that ends first would end the others, including the one that writes
    return f"after step {step} of {plan.steps}; the checkpoint in {plan.out / CHECKPOINTS} has all of them; {again}"


def _accelerator(settings: TrainSft | TrainRl) -> Accelerator:
    cpu = settings.run.device == "cpu" or not torch.cuda.is_available()
    auto = "no" if cpu else "bf16"
    return Accelerator(cpu=cpu, mixed_precision=auto if settings.run.precision == "auto" else settings.run.precision)


def _planned(stage: Stage, settings: TrainSft | TrainRl, model: Model, processes: Processes, rankings: int) -> _Plan:
    batch = settings.data.batch
    if batch % processes.world:
        raise SettingsError(f"data.batch {batch}: expected a multiple of the {processes.world} training processes")
    shards = open_shards(settings.shards, "train", TABLES[stage], settings.data.cache)
    if stage == "sft":
        refuse_wrong_labels(shards)
    order = Order(shards.counts, settings.run.seed, settings.data.window)
    rows = StepDataset(
        stage=stage, shards=shards, order=order, preparer=model.preparer, batch=batch, rank=processes.rank,
        world=processes.world, rankings=rankings,
    )  # fmt: skip
    return _Plan(Path(settings.out), rows, settings.optimizer.steps or -(-order.rows // batch), processes)


def _identity(settings: TrainSft | TrainRl, plan: _Plan) -> Mapping[str, Any]:
    """The settings that must equal those of a checkpoint to resume from it. Paths and speed settings are left out."""
    tree = json.loads(json.dumps(as_tree(settings)))
    for key in ("shards", "out"):
        del tree[key]
    tree["data"] = {key: tree["data"][key] for key in ("batch", "window")}
    tree["run"] = {key: tree["run"][key] for key in ("seed", "precision")}
    if tree["model"].get("path"):
        tree["model"]["path"] = str(Path(tree["model"]["path"]).expanduser().resolve())  # one spelling for one folder
    return {**tree, "shards": list(plan.rows.shards.counts), "steps": plan.steps}


def _save(plan: _Plan, model: Model, settings: TrainSft | TrainRl, stage: Stage) -> None:
    """Save the model, in a folder that is written atomically."""
    unfinished = plan.out / (MODEL + ".unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True)
    model.save(unfinished)
    record = {"stage": stage, "settings": as_tree(settings), "rows_seen": plan.steps * plan.rows.batch, "steps": plan.steps}
    (unfinished / RUN_FILE).write_text(json.dumps(record, indent=1), encoding="utf8")
    replace(unfinished, plan.out / MODEL)


def _closing_summary(stage: Stage, settings: TrainSft | TrainRl, plan: _Plan, results: Mapping[str, float]) -> str:
    rows_seen, saved = plan.steps * plan.rows.batch, plan.out / MODEL
    epoch_rows = plan.rows.order.rows
    lines = [f"{stage}: {plan.steps} steps, {rows_seen} rows seen, {rows_seen / epoch_rows:.2f} epochs of {epoch_rows} rows"]
    if results["steps"]:
        lines.append(
            f"this run: {results['steps']:.0f} steps in {results['seconds']:.0f} s, "
            f"{results['steps'] * plan.rows.batch / results['seconds']:.1f} rows/s, "
            f"{results['wait_s'] / results['seconds']:.1%} of the time waiting for data; last loss {results['loss']:.4g}"
        )
    else:
        lines.append("nothing to do: the run has reached its last step; choose another --out for a new run")
    lines.append(f"model: {saved}; curves: tensorboard --logdir {plan.out}; all steps: {plan.out / 'log.jsonl'}")
    kind = f"--set model.kind={settings.model.kind} --set model.path={saved}"
    lists = str(Path(settings.shards).parent / "rl")
    after = f"rl --shards {lists} --out {plan.out.parent / 'rl'} {kind}" if stage == "sft" else f"evaluate {kind}"
    return "\n".join([*lines, f"next: python -m uninote_train {after}", ""])
