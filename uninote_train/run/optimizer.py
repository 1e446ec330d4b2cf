"""AdamW and its learning rate over the steps."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import torch
from pydantic import Field
from torch import Tensor, nn
from transformers import get_scheduler

STATE = ("step", "exp_avg", "exp_avg_sq")
"""AdamW's state of a parameter."""


Beta = Annotated[float, Field(ge=0, lt=1)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Optimizer:
    """AdamW and its learning rate schedule."""

    learning_rate: Annotated[float, Field(gt=0)] | None = None
    """Peak learning rate; none: that of the kind of model, 1e-4 for all three (method.md, section 6)."""
    epochs: Annotated[float, Field(gt=0)] = 3.0
    """How often each row is seen. Ours: the paper's 4000 steps of 64 rows are a quarter of its 900,000 rows, and many times
    those of a small corpus."""
    steps: Annotated[int, Field(ge=1)] | None = None
    """Training steps; none: those of `epochs`."""
    warmup: Annotated[float, Field(ge=0, le=1)] = 0.1
    """Share of the steps in which the learning rate rises from 0. Source: method.md, section 6."""
    schedule: Literal["linear", "cosine", "constant_with_warmup"] = "linear"
    """Learning rate after the warm-up. Ours: the paper gives none."""
    weight_decay: Annotated[float, Field(ge=0)] = 0.01
    """Weight decay of matrices; biases and norms have none. Ours."""
    betas: tuple[Beta, Beta] = (0.9, 0.999)
    """AdamW's betas."""
    clip: Annotated[float, Field(gt=0)] = 1.0
    """Gradient clipping: the largest gradient norm. Ours."""

    def count_steps(self, rows: int, batch: int) -> int:
        """Training steps on `rows` rows, in batches of `batch`."""
        return self.steps or max(1, math.ceil(round(self.epochs * rows / batch, 6)))


def adamw(parameters: Mapping[str, nn.Parameter], settings: Optimizer, learning_rate: float) -> torch.optim.AdamW:
    """Torch's fused AdamW, with `learning_rate` where the settings name none."""
    matrices = [p for p in parameters.values() if p.ndim > 1]
    vectors = [p for p in parameters.values() if p.ndim <= 1]
    groups = [{"params": matrices, "weight_decay": settings.weight_decay}, {"params": vectors, "weight_decay": 0.0}]
    non_empty = [g for g in groups if g["params"]]
    return torch.optim.AdamW(non_empty, lr=settings.learning_rate or learning_rate, betas=settings.betas, fused=True)


def schedule(optimizer: torch.optim.Optimizer, settings: Optimizer, steps: int) -> Any:  # noqa: ANN401  # torch's LRScheduler
    """The learning rate as a function of the step, from transformers."""
    return get_scheduler(settings.schedule, optimizer, round(settings.warmup * steps), steps)


def state_of(optimizer: torch.optim.AdamW, parameters: Mapping[str, nn.Parameter]) -> dict[str, Tensor]:
    """AdamW's state by parameter name, as plain tensors: `exp_avg/NAME`. Parameters without a gradient so far have none."""
    states = {name: optimizer.state[p] for name, p in parameters.items() if p in optimizer.state}
    return {f"{key}/{name}": state[key] for name, state in states.items() for key in STATE}


def set_state(optimizer: torch.optim.AdamW, parameters: Mapping[str, nn.Parameter], state: Mapping[str, Tensor]) -> None:
    """Restore the result of `state_of`."""
    for name, parameter in parameters.items():
        if f"{STATE[0]}/{name}" in state:
            optimizer.state[parameter] = {key: state[f"{key}/{name}"].to(parameter.device) for key in STATE}
