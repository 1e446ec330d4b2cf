"""Checkpoints of a run: safetensors and JSON, in a folder that is written atomically.

A checkpoint has no random state and no position in the data: both follow from the step (`data.sample_order`, `loop`).
"""

import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from schemas.errors import DataError

WEIGHTS, OPTIMIZER, STATE = "weights.safetensors", "optimizer.safetensors", "state.json"
UNFINISHED = ".unfinished"


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The state that a run resumes from."""

    weights: Mapping[str, Tensor]
    """Trained parameters and buffers, by name."""
    optimizer: Mapping[str, Tensor]
    state: Mapping[str, Any]
    """Step, learning rate schedule and settings, as JSON."""


def write(folder: Path, checkpoint: Checkpoint, keep: int) -> None:
    """Write `folder`/step-N and delete all but the newest `keep`. If it is killed, earlier checkpoints are intact."""
    step = int(checkpoint.state["step"])
    whole = folder / f"step-{step:08d}"
    unfinished = whole.with_suffix(UNFINISHED)
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True)
    save_file({k: t.detach().contiguous() for k, t in checkpoint.weights.items()}, unfinished / WEIGHTS)
    save_file({k: t.detach().contiguous() for k, t in checkpoint.optimizer.items()}, unfinished / OPTIMIZER)
    (unfinished / STATE).write_text(json.dumps(checkpoint.state), encoding="utf8")
    replace(unfinished, whole)
    for old in _whole(folder)[:-keep]:
        shutil.rmtree(old)


def replace(unfinished: Path, whole: Path) -> None:
    """Sync a finished folder to disk and rename it; a folder of the new name is deleted first."""
    for file in unfinished.rglob("*"):
        if file.is_file():
            with file.open("rb") as opened:
                os.fsync(opened.fileno())
    shutil.rmtree(whole, ignore_errors=True)
    unfinished.rename(whole)


def newest(folder: Path) -> Checkpoint | None:
    """The newest checkpoint, or None.

    Raises:
        DataError: it is damaged.
    """
    checkpoints = _whole(folder)
    if not checkpoints:
        return None
    last = checkpoints[-1]
    try:
        state = json.loads((last / STATE).read_text(encoding="utf8"))
        return Checkpoint(load_file(last / WEIGHTS), load_file(last / OPTIMIZER), state)
    except (OSError, ValueError, SafetensorError) as error:
        raise DataError(
            f"{last}: not a readable checkpoint: {error}; delete this folder to resume from the previous one"
        ) from None


def steps(folder: Path) -> list[int]:
    """The steps of the checkpoints, ascending."""
    return [int(whole.name.removeprefix("step-")) for whole in _whole(folder)]


def _whole(folder: Path) -> list[Path]:
    return sorted(p for p in folder.glob("step-*") if p.is_dir() and p.suffix != UNFINISHED)
