"""What validation found so far, and the weights of the best evaluation. Written so that a kill at any time loses nothing.

A checkpoint is written before each evaluation. Then the weights are copied if they are the best so far, then the entry joins
the history, then weights that no checkpoint's history needs are deleted. A run that was killed between two of these repeats
the rest.
"""

import json
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from safetensors.torch import load_file, save_file
from torch import Tensor

from uninote_train.run.checkpoint import UNFINISHED, WEIGHTS, replace

FOLDER, FILE = "validation", "history.json"


class Evaluation(NamedTuple):
    """An evaluation of the validation split."""

    step: int
    """Finished steps."""
    score: float
    tasks: Mapping[str, float]
    """recall@1 by task."""


@dataclass(slots=True)
class History:
    """The evaluations of a run in order, the first at its start; equal in all processes."""

    evaluations: list[Evaluation]

    @property
    def best(self) -> Evaluation:
        """The first of the highest score."""
        return max(self.evaluations, key=lambda e: (e.score, -e.step))

    @property
    def without_gain(self) -> int:
        """Evaluations after the best."""
        return len(self.evaluations) - 1 - self.evaluations.index(self.best)

    def until(self, step: int) -> "History":
        """The evaluations up to a step."""
        return History([e for e in self.evaluations if e.step <= step])

    def has(self, step: int) -> bool:
        """Whether there is an evaluation after `step` steps."""
        return any(e.step == step for e in self.evaluations)


def read_history(out: Path, step: int) -> History:
    """The history of a run that resumes after `step` steps; a run that starts has none, whatever the folder holds."""
    file = out / FOLDER / FILE
    if not step or not file.exists():
        return History([])
    return History([Evaluation(**entry) for entry in json.loads(file.read_text(encoding="utf8"))]).until(step)


def write_history(out: Path, history: History) -> None:
    """Replace the file atomically."""
    part = out / FOLDER / (FILE + UNFINISHED)
    part.write_text(json.dumps([e._asdict() for e in history.evaluations], indent=1), encoding="utf8")
    part.replace(out / FOLDER / FILE)


def write_weights(out: Path, step: int, weights: Mapping[str, Tensor]) -> None:
    """Keep the weights after `step` steps, whole or not at all."""
    whole = _folder(out, step)
    unfinished = whole.with_suffix(UNFINISHED)
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True)
    save_file({name: tensor.detach().contiguous() for name, tensor in weights.items()}, unfinished / WEIGHTS)
    replace(unfinished, whole)


def read_weights(out: Path, step: int) -> dict[str, Tensor]:
    """The weights after `step` steps."""
    return load_file(_folder(out, step) / WEIGHTS)


def delete_other_weights(out: Path, history: History, checkpoints: Iterable[int]) -> None:
    """Delete all weights but the best of the history, and the best of what a run that resumes from a checkpoint has of it."""
    parts = [history, *(part for step in checkpoints if (part := history.until(step)).evaluations)]
    kept = {_folder(out, part.best.step) for part in parts}
    for folder in (out / FOLDER).glob("step-*"):
        if folder not in kept:
            shutil.rmtree(folder)


def _folder(out: Path, step: int) -> Path:
    return out / FOLDER / f"step-{step:08d}"
