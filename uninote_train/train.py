"""A whole run: shards, model, objective, resume, the steps, the saved model."""

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
from uninote_train.data.loader import Stage, Steps, Waited
from uninote_train.data.sample_order import Order
from uninote_train.data.shard_reader import open_shards
from uninote_train.models.load_model import load_model
from uninote_train.models.protocol import Model
from uninote_train.objectives.contrastive import Contrastive
from uninote_train.objectives.losses.matryoshka import usable
from uninote_train.objectives.protocol import Objective
from uninote_train.objectives.ranking_rl import Reinforced
from uninote_train.objectives.rl.reference_model import Reference
from uninote_train.run.checkpoint import replace
from uninote_train.run.interrupt import Stop
from uninote_train.run.log import Log
from uninote_train.run.loop import Clock, Stepper
from uninote_train.run.optimizer import adamw, schedule
from uninote_train.run.output_lock import alone
from uninote_train.run.processes import Processes
from uninote_train.run.resume import CHECKPOINTS, Progress
from uninote_train.settings import TrainRl, TrainSft

Autocast = Callable[[], AbstractContextManager[Any]]
MODEL, TOLD = "model", "run.json"
TABLES = {"sft": SFT, "rl": RL}


def train_sft(settings: TrainSft) -> None:
    """Stage 1, to its end."""

    def objective(model: Model, processes: Processes, autocast: Autocast) -> Objective:
        return Contrastive(settings.loss, usable(settings.loss.dims, model.dimensions), processes)

    _train("sft", settings, objective, rankings=0)


def train_rl(settings: TrainRl) -> None:
    """Stage 2, to its end."""

    def objective(model: Model, processes: Processes, autocast: Autocast) -> Objective:
        [size] = usable([settings.rank.dims or model.dimensions], model.dimensions)
        return Reinforced(settings.rank, size, Reference(model, settings.run.piece, autocast), processes)

    sampled = settings.rank.policy == "plackett_luce"
    _train("rl", settings, objective, rankings=settings.rank.rankings if sampled else 0)


@dataclass(frozen=True, slots=True)
class _Plan:
    """What a run will do, known before a model is loaded."""

    out: Path
    rows: Steps
    steps: int
    processes: Processes


def _train(stage: Stage, settings: TrainSft | TrainRl, objective: Callable[..., Objective], rankings: int) -> None:
    os.environ["TOKENIZERS_PARALLELISM"] = "false"  # its threads do not live through a fork
    if settings.run.threads:
        torch.set_num_threads(settings.run.threads)
    accelerator = _accelerator(settings)
    processes = Processes(accelerator.process_index, accelerator.num_processes)
    with alone(settings.out, stage) if processes.rank == 0 else nullcontext():
        _trained(stage, settings, objective, rankings, accelerator, processes)


def _trained(
    stage: Stage,
    settings: TrainSft | TrainRl,
    objective: Callable[..., Objective],
    rankings: int,
    accelerator: Accelerator,
    processes: Processes,
) -> None:
    torch.manual_seed(settings.run.seed)  # fresh weights and adapters: the same in all processes
    model = load_model(settings.model, str(accelerator.device))
    plan = _planned(stage, settings, model, processes, rankings)
    whole = objective(model, processes, accelerator.autocast)
    parameters = Progress.parameters(model)
    optimizer = adamw(parameters, settings.optimizer)
    rate = schedule(optimizer, settings.optimizer, plan.steps)
    progress = Progress(plan.out, model, optimizer, rate, _identity(settings, plan), settings.run.keep)
    done = progress.load()
    stepper = Stepper(
        model, whole, optimizer, rate, processes, accelerator.autocast, accelerator.device, settings.run.seed,
        settings.run.piece, settings.optimizer.clip,
    )  # fmt: skip
    told = _steps(plan, settings, stepper, progress, done)
    processes.wait()
    if processes.rank == 0:
        _save(plan, model, settings, stage)
        sys.stdout.write(_last_words(stage, settings, plan, told))


def _steps(plan: _Plan, settings: TrainSft | TrainRl, stepper: Stepper, progress: Progress, done: int) -> dict[str, float]:
    """Train; the newest step's numbers and the run's sums."""
    sums = {"seconds": 0.0, "wait_s": 0.0}
    numbers: dict[str, float] = {}
    batch, first = plan.rows.batch, plan.processes.rank == 0
    waited = Waited(plan.rows, range(done, plan.steps), settings.data, pin=stepper.device.type == "cuda")
    stop = Stop(plan.processes, stepper.device)
    with Log(plan.out, done, plan.steps, settings.run.say_every_s, silent=not first) as log, stop:
        log.say(f"{plan.steps - done} of {plan.steps} steps of {batch} rows; {plan.rows.order.rows} rows an epoch")
        clock = Clock()
        for number, rows in enumerate(waited, done):
            if stop.wanted():
                raise stop.raised(_saved_at(number, done, plan, settings, progress))
            numbers = stepper.step(number, rows)
            time = clock.lap(batch, waited.seconds)
            seen = (number + 1) * batch
            log.step(number + 1, {**numbers, **time, "rows_seen": seen, "epoch": seen / plan.rows.order.rows})
            sums = {key: sums[key] + time[key] for key in sums}
            last = number + 1 == plan.steps
            if first and (last or (number + 1) % settings.run.checkpoint_every == 0):
                progress.save(number + 1)
    return {**numbers, **sums, "steps": plan.steps - done}


def _saved_at(step: int, done: int, plan: _Plan, settings: TrainSft | TrainRl, progress: Progress) -> str:
    """Make sure that there is a checkpoint after so many steps; what is said of it."""
    again = "start the same command again: it goes on there, to the same losses"
    if not step:
        return f"before the first of {plan.steps} steps; nothing is kept, start the same command again"
    if step > done and step % settings.run.checkpoint_every and plan.processes.rank == 0:
        progress.save(step)
    plan.processes.wait()  # who ends first has the others ended, the one that writes among them
    return f"after step {step} of {plan.steps}; the checkpoint in {plan.out / CHECKPOINTS} is of that step; {again}"


def _accelerator(settings: TrainSft | TrainRl) -> Accelerator:
    cpu = settings.run.device == "cpu" or not torch.cuda.is_available()
    auto = "no" if cpu else "bf16"
    return Accelerator(cpu=cpu, mixed_precision=auto if settings.run.precision == "auto" else settings.run.precision)


def _planned(stage: Stage, settings: TrainSft | TrainRl, model: Model, processes: Processes, rankings: int) -> _Plan:
    batch = settings.data.batch
    if batch % processes.world:
        raise SettingsError(f"data.batch {batch}: not a multiple of the {processes.world} training processes")
    shards = open_shards(settings.shards, "train", TABLES[stage], settings.data.cache)
    order = Order(shards.counts, settings.run.seed, settings.data.window)
    rows = Steps(
        stage=stage, shards=shards, order=order, preparer=model.preparer, batch=batch, rank=processes.rank,
        world=processes.world, rankings=rankings,
    )  # fmt: skip
    return _Plan(Path(settings.out), rows, settings.optimizer.steps or -(-order.rows // batch), processes)


def _identity(settings: TrainSft | TrainRl, plan: _Plan) -> Mapping[str, Any]:
    """What a checkpoint must have been made with to go on from it; where and how fast do not count."""
    tree = json.loads(json.dumps(as_tree(settings)))
    for key in ("shards", "out"):
        del tree[key]
    tree["data"] = {key: tree["data"][key] for key in ("batch", "window")}
    tree["run"] = {key: tree["run"][key] for key in ("seed", "precision")}
    if tree["model"].get("path"):
        tree["model"]["path"] = str(Path(tree["model"]["path"]).expanduser().resolve())  # not how it is spelled
    return {**tree, "shards": list(plan.rows.shards.counts), "steps": plan.steps}


def _save(plan: _Plan, model: Model, settings: TrainSft | TrainRl, stage: Stage) -> None:
    """The model, in a folder that is there whole or not at all."""
    part = plan.out / (MODEL + ".unfinished")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    model.save(part)
    told = {"stage": stage, "settings": as_tree(settings), "rows_seen": plan.steps * plan.rows.batch, "steps": plan.steps}
    (part / TOLD).write_text(json.dumps(told, indent=1), encoding="utf8")
    replace(part, plan.out / MODEL)


def _last_words(stage: Stage, settings: TrainSft | TrainRl, plan: _Plan, told: Mapping[str, float]) -> str:
    seen, saved = plan.steps * plan.rows.batch, plan.out / MODEL
    lines = [
        f"{stage}: {plan.steps} steps, {seen} rows seen, {seen / plan.rows.order.rows:.2f} epochs of {plan.rows.order.rows}"
    ]
    if told["steps"]:
        lines.append(
            f"now: {told['steps']:.0f} steps in {told['seconds']:.0f} s, "
            f"{told['steps'] * plan.rows.batch / told['seconds']:.1f} rows/s, "
            f"{told['wait_s'] / told['seconds']:.1%} of it waiting for data; last loss {told['loss']:.4g}"
        )
    else:
        lines.append("nothing to do: the run had reached its last step; another --out starts anew")
    lines.append(f"model: {saved}; curves: tensorboard --logdir {plan.out}; every step: {plan.out / 'log.jsonl'}")
    kind = f"--set model.kind={settings.model.kind} --set model.path={saved}"
    lists = str(Path(settings.shards).parent / "rl")
    after = f"rl --shards {lists} --out {plan.out.parent / 'rl'} {kind}" if stage == "sft" else f"evaluate {kind}"
    return "\n".join([*lines, f"next: python -m uninote_train {after}", ""])
