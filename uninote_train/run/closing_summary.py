"""The end of a run: the saved model, and the last words."""

import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from uninote_train.models.protocol import Model
from uninote_train.run.checkpoint import UNFINISHED, replace
from uninote_train.run.log import duration

MODEL, RUN_FILE = "model", "run.json"


@dataclass(slots=True)
class Pace:
    """The steps of this process's run, which may have resumed an earlier one, and their time without evaluations."""

    start: int
    """Steps that were finished before it."""
    step: int = 0
    loss: float = 0.0
    """Of the last step."""
    seconds: float = 0.0
    wait_s: float = 0.0
    """Seconds that it waited for data."""

    def __post_init__(self) -> None:
        """No step is done."""
        self.step = self.start

    def add(self, step: int, loss: float, time: Mapping[str, float]) -> None:
        """Count a step."""
        self.step, self.loss = step, loss
        self.seconds += time["seconds"]
        self.wait_s += time["wait_s"]


@dataclass(frozen=True, slots=True)
class RunResult:
    """What a run has done."""

    stage: str
    out: Path
    steps: int
    """Steps that it was planned with."""
    batch: int
    epoch_rows: int
    model_step: int
    """The step whose weights are the model."""
    pace: Pace


def save_model(result: RunResult, model: Model, settings: Mapping[str, Any]) -> None:
    """Save the model, in a folder that is written atomically."""
    unfinished = result.out / (MODEL + UNFINISHED)
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True)
    model.save(unfinished)
    record = {
        "stage": result.stage,
        "settings": settings,
        "rows_seen": result.model_step * result.batch,
        "steps": result.model_step,
    }
    (unfinished / RUN_FILE).write_text(json.dumps(record, indent=1), encoding="utf8")
    replace(unfinished, result.out / MODEL)


def closing_summary(result: RunResult, kind: str, shards: str, validation: Sequence[str]) -> str:
    """The lines on standard output.

    Args:
        result: of the run.
        kind: of the model.
        shards: the folder that it was trained on.
        validation: lines about the evaluations.
    """
    pace, saved, rows = result.pace, result.out / MODEL, result.pace.step * result.batch
    epochs = f"{rows / result.epoch_rows:.2f} epochs of {result.epoch_rows} rows"
    lines = [f"{result.stage}: {pace.step} steps, {rows} rows seen, {epochs}"]
    if count := pace.step - pace.start:
        lines.append(
            f"this run: {count} steps in {duration(pace.seconds)}, {count * result.batch / pace.seconds:.1f} rows/s, "
            f"{pace.wait_s / pace.seconds:.1%} of the time waiting for data; last loss {pace.loss:.4g}"
        )
    else:
        lines.append("nothing to do: the run has reached its last step; choose another --out for a new run")
    lines += [*validation, f"model: {saved}; curves: tensorboard --logdir {result.out}; all steps: {result.out / 'log.jsonl'}"]
    choice = f"--set model.kind={kind} --set model.path={saved}"
    lists = str(Path(shards).parent / "rl")
    after = f"rl --shards {lists} --out {result.out.parent / 'rl'} {choice}" if result.stage == "sft" else f"evaluate {choice}"
    return "\n".join([*lines, f"next: python -m uninote_train {after}", ""])
