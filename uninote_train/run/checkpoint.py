"""A run's checkpoints: safetensors and JSON, in a folder that is there whole or not at all.

There is no random state and no position of the data in it: both follow from the step (`data.order`, `loop`).
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
    """All that a run needs to go on."""

    weights: Mapping[str, Tensor]
    """Trained parameters and the buffers, by name."""
    optimizer: Mapping[str, Tensor]
    state: Mapping[str, Any]
    """Step, rate schedule and settings, as JSON."""


def write(folder: Path, checkpoint: Checkpoint, keep: int) -> None:
    """Write `folder`/step-N and delete all but the newest `keep`. Killed at any instant, what was there before is whole."""
    step = int(checkpoint.state["step"])
    whole = folder / f"step-{step:08d}"
    part = whole.with_suffix(UNFINISHED)
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    save_file({k: t.detach().contiguous() for k, t in checkpoint.weights.items()}, part / WEIGHTS)
    save_file({k: t.detach().contiguous() for k, t in checkpoint.optimizer.items()}, part / OPTIMIZER)
    (part / STATE).write_text(json.dumps(checkpoint.state), encoding="utf8")
    replace(part, whole)
    for old in _whole(folder)[:-keep]:
        shutil.rmtree(old)


def replace(part: Path, whole: Path) -> None:
    """Give a folder that was written in full its name; one of that name is deleted first. The files are on the disk then."""
    for file in part.rglob("*"):
        if file.is_file():
            with file.open("rb") as opened:
                os.fsync(opened.fileno())
    shutil.rmtree(whole, ignore_errors=True)
    part.rename(whole)


def newest(folder: Path) -> Checkpoint | None:
    """The newest checkpoint; None where there is none.

    Raises:
        DataError: it is damaged.
    """
    found = _whole(folder)
    if not found:
        return None
    last = found[-1]
    try:
        state = json.loads((last / STATE).read_text(encoding="utf8"))
        return Checkpoint(load_file(last / WEIGHTS), load_file(last / OPTIMIZER), state)
    except (OSError, ValueError, SafetensorError) as error:
        raise DataError(
            f"{last}: not a readable checkpoint: {error}; delete this folder to go on from the one before"
        ) from None


def _whole(folder: Path) -> list[Path]:
    return sorted(p for p in folder.glob("step-*") if p.is_dir() and p.suffix != UNFINISHED)
