"""A training run: open shards, load model and checkpoint, train, save the model."""

import json
import os
import sys
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from accelerate import Accelerator

from schemas.errors import DataError, SettingsError
from schemas.settings import as_tree
from schemas.shards import RL, SFT
from uninote_train.data.label_check import refuse_wrong_labels
from uninote_train.data.loader import ReplayDataset, Stage, StepDataset, StepLoader
from uninote_train.data.sample_order import Order
from uninote_train.data.shard_reader import beside, find_split, open_shards
from uninote_train.evaluation.encode_items import Encoding
from uninote_train.models.load_model import load_model
from uninote_train.models.protocol import Model
from uninote_train.models.settings import kind_of
from uninote_train.objectives.contrastive import ContrastiveObjective
from uninote_train.objectives.losses.matryoshka import usable
from uninote_train.objectives.protocol import Objective
from uninote_train.objectives.ranking_rl import RankingObjective
from uninote_train.objectives.replay import ReplayObjective
from uninote_train.objectives.rl.reference_model import ReferenceModel
from uninote_train.process.interrupt import StopSignal
from uninote_train.process.output_lock import lock_output
from uninote_train.process.processes import Processes
from uninote_train.run import checkpoint
from uninote_train.run.closing_summary import Pace, RunResult, closing_summary, save_model
from uninote_train.run.evaluations import Evaluations
from uninote_train.run.log import RunLog
from uninote_train.run.loop import Clock, Stepper, mini_batch_of
from uninote_train.run.optimizer import adamw, schedule
from uninote_train.run.resume import CHECKPOINTS, Progress
from uninote_train.run.validation import Validator, read_validation
from uninote_train.settings import TrainRl, TrainSft

Autocast = Callable[[], AbstractContextManager[Any]]
TABLES = {"sft": SFT, "rl": RL}


def train_sft(settings: TrainSft) -> None:
    """Run stage 1."""

    def objective(model: Model, processes: Processes, autocast: Autocast, with_replay: bool) -> Objective:
        return ContrastiveObjective(settings.loss, usable(settings.loss.dims, model.dimensions), processes)

    _train("sft", settings, objective, rankings=0)


def train_rl(settings: TrainRl) -> None:
    """Run stage 2."""

    def objective(model: Model, processes: Processes, autocast: Autocast, with_replay: bool) -> Objective:
        size = settings.rank.dims or model.dimensions
        if size > model.dimensions:
            raise SettingsError(f"rank.dims {size}: the model's vectors have {model.dimensions} dimensions")
        ranking = RankingObjective(
            settings.rank, size, ReferenceModel(model, mini_batch_of(settings.run, model), autocast), processes
        )
        if not with_replay:
            return ranking
        contrastive = ContrastiveObjective(settings.loss, usable(settings.loss.dims, model.dimensions), processes)
        return ReplayObjective(ranking, contrastive, settings.replay.weight)

    sampled = settings.rank.policy == "plackett_luce"
    _train("rl", settings, objective, rankings=settings.rank.rankings if sampled else 0)


@dataclass(frozen=True, slots=True)
class _Plan:
    """The rows, number of steps and validation split of a run."""

    rows: StepDataset
    replay: StepDataset | None
    """Rows of SFT beside the lists of `rl`."""
    steps: int
    validator: Validator | None
    processes: Processes

    @property
    def epoch_rows(self) -> int:
        return self.rows.order.rows

    @property
    def dataset(self) -> StepDataset | ReplayDataset:
        return ReplayDataset(lists=self.rows, pairs=self.replay) if self.replay else self.rows


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
    loss = objective(model, processes, accelerator.autocast, plan.replay is not None)
    parameters = Progress.parameters(model)
    optimizer = adamw(parameters, settings.optimizer, model.learning_rate)
    rate = schedule(optimizer, settings.optimizer, plan.steps)
    out = Path(settings.out)
    progress = Progress(out, model, optimizer, rate, _identity(settings, plan), settings.run.keep_checkpoints)
    done = progress.load()
    evaluations = Evaluations(out, model, plan.validator, settings.validation, plan.steps, done)
    stepper = Stepper(
        model, loss, optimizer, rate, processes, accelerator.autocast, accelerator.device, settings.run.seed,
        mini_batch_of(settings.run, model), settings.optimizer.clip,
    )  # fmt: skip
    pace = _train_steps(plan, settings, stepper, progress, evaluations, done)
    processes.wait()
    if processes.rank == 0:
        result = RunResult(stage, out, plan.steps, plan.rows.batch, plan.epoch_rows, evaluations.load_best(), pace)
        save_model(result, model, as_tree(settings))
        sys.stdout.write(closing_summary(result, kind_of(settings.model), settings.shards, evaluations.summary()))


def _train_steps(
    plan: _Plan, settings: TrainSft | TrainRl, stepper: Stepper, progress: Progress, evaluations: Evaluations, done: int
) -> Pace:
    """Train until the last step, or until validation stops it."""
    pace, batch, first = Pace(done), plan.rows.batch, plan.processes.rank == 0
    loader = StepLoader(plan.dataset, range(done, plan.steps), settings.data, pin=stepper.device.type == "cuda")
    stop = StopSignal(plan.processes, stepper.device)
    with RunLog(progress.out, done, plan.steps, settings.run.log_every_s, silent=not first) as log, stop:
        log.message(_opening(plan, settings, done))
        if evaluations.due(done):
            evaluations.run(done, plan.processes, log)
        clock = Clock()
        for number, rows in enumerate(() if evaluations.stopped() else loader, done):
            if stop.requested():
                raise stop.interruption(_saved_at(number, done, plan, settings, progress))
            numbers = stepper.step(number, rows)
            time = clock.lap(batch, loader.seconds)
            rows_seen, step = (number + 1) * batch, number + 1
            log.step(step, {**numbers, **time, "rows_seen": rows_seen, "epoch": rows_seen / plan.epoch_rows})
            pace.add(step, numbers["loss"], time)
            due = evaluations.due(step)
            if first and (due or step == plan.steps or step % settings.run.checkpoint_every == 0):
                progress.save(step)
            if due:
                evaluations.run(step, plan.processes, log)
                clock = Clock()
                if evaluations.stopped():
                    break
    return pace


def _opening(plan: _Plan, settings: TrainSft | TrainRl, done: int) -> str:
    epochs = plan.steps * plan.rows.batch / plan.epoch_rows
    line = f"{plan.steps - done} of {plan.steps} steps of {plan.rows.batch} rows: {epochs:.2g} epochs of {plan.epoch_rows} rows"
    if isinstance(settings, TrainRl):
        line += f"; replay: {plan.replay.batch if plan.replay else 'no'} rows of SFT a step"
    if plan.validator or settings.validation.every == 0:
        return line
    return f"{line}; no validation split beside {settings.shards}: nothing is evaluated, the last weights are the model"


def _saved_at(step: int, done: int, plan: _Plan, settings: TrainSft | TrainRl, progress: Progress) -> str:
    """Make sure that there is a checkpoint after `step` steps; returns the message about it."""
    again = "start the same command again: it resumes there, with the same losses"
    if not step:
        return f"before the first of {plan.steps} steps; nothing was saved; start the same command again"
    if step > done and plan.processes.rank == 0 and step not in checkpoint.steps(progress.out / CHECKPOINTS):
        progress.save(step)
    plan.processes.wait()  # a process that ends first would end the others, including the one that writes
    return f"after step {step} of {plan.steps}; the checkpoint in {progress.out / CHECKPOINTS} has all of them; {again}"


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
    replay = _replay(settings, model, processes) if isinstance(settings, TrainRl) else None
    return _Plan(rows, replay, settings.optimizer.count_steps(order.rows, batch), _validator(settings, processes), processes)


def _replay(settings: TrainRl, model: Model, processes: Processes) -> StepDataset | None:
    """The rows of SFT beside the lists; none without such shards, unless the settings name them."""
    batch, folder = settings.replay.rows, settings.sft or beside(settings.shards, "sft")
    shards = find_split(folder, "train", SFT, settings.data.cache) if batch else None
    if shards is None and batch and settings.sft:
        raise DataError(f"sft '{settings.sft}': no shards in its folder train; build them, or set replay.rows=0")
    if shards is None:
        return None
    refuse_wrong_labels(shards)
    if batch % processes.world:
        raise SettingsError(f"replay.rows {batch}: expected a multiple of the {processes.world} training processes")
    order = Order(shards.counts, settings.run.seed, settings.data.window)
    return StepDataset(
        stage="sft", shards=shards, order=order, preparer=model.preparer, batch=batch, rank=processes.rank,
        world=processes.world,
    )  # fmt: skip


def _validator(settings: TrainSft | TrainRl, processes: Processes) -> Validator | None:
    """Of the validation split of `shards` and, where it exists, of the other stage's folder beside it."""
    if settings.validation.every == 0:
        return None
    sft, lists = settings.shards, beside(settings.shards, "rl")
    if isinstance(settings, TrainRl):
        sft, lists = settings.sft or beside(settings.shards, "sft"), settings.shards
    inputs = read_validation(sft, lists, settings.data.cache, settings.validation.rows)
    encoding = Encoding(batch=settings.run.mini_batch or Encoding().batch, workers=settings.data.worker_count)
    return Validator(inputs, encoding, processes) if inputs else None


def _identity(settings: TrainSft | TrainRl, plan: _Plan) -> Mapping[str, Any]:
    """The settings that must equal those of a checkpoint to resume from it. Paths and speed settings are left out."""
    tree = json.loads(json.dumps(as_tree(settings)))
    for key in ("shards", "sft", "out"):
        tree.pop(key, None)
    tree["data"] = {key: tree["data"][key] for key in ("batch", "window")}
    tree["run"] = {key: tree["run"][key] for key in ("seed", "precision")}
    tree["validation"] = {
        "every": settings.validation.interval(plan.steps) if plan.validator else 0,
        "queries": sum(len(task.queries) for task in plan.validator.tasks) if plan.validator else 0,
    }
    if tree["model"].get("path"):
        tree["model"]["path"] = str(Path(tree["model"]["path"]).expanduser().resolve())  # one spelling for one folder
    tree["replay_shards"] = list(plan.replay.shards.counts) if plan.replay else []
    return {**tree, "shards": list(plan.rows.shards.counts), "steps": plan.steps}
