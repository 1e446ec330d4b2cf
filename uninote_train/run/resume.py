"""Save a run's progress, resume from its newest checkpoint, and refuse a checkpoint of another run."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from schemas.errors import SettingsError
from uninote_train.models.protocol import Model, trainable
from uninote_train.run import checkpoint
from uninote_train.run.optimizer import set_state, state_of

CHECKPOINTS = "checkpoints"


@dataclass(frozen=True, slots=True)
class Progress:
    """The state that is saved and loaded together."""

    out: Path
    model: Model
    optimizer: torch.optim.AdamW
    schedule: Any
    identity: Mapping[str, Any]
    """Settings and shards of the run, as JSON; a checkpoint with others is refused."""
    keep_checkpoints: int

    def load(self) -> int:
        """Load the newest checkpoint and return the number of finished steps, 0 without a checkpoint.

        Raises:
            SettingsError: the checkpoint is of a run with other settings or shards; the message names the differences.
        """
        saved = checkpoint.newest(self.out / CHECKPOINTS)
        if saved is None:
            return 0
        differing = _differing(self.identity, saved.state["identity"], "")
        if differing:
            raise SettingsError(
                f"{self.out} holds a run with other settings: {'; '.join(differing)}; use the same settings, or another --out"
            )
        set_state_tensors(self.model, saved.weights)
        set_state(self.optimizer, self.parameters(self.model), saved.optimizer)
        self.schedule.load_state_dict(saved.state["schedule"])
        for group, rate in zip(self.optimizer.param_groups, self.schedule.get_last_lr(), strict=True):
            group["lr"] = rate
        return int(saved.state["step"])

    def save(self, step: int) -> None:
        """Write a checkpoint after `step` steps."""
        state = {"step": step, "identity": self.identity, "schedule": self.schedule.state_dict()}
        optimizer = state_of(self.optimizer, self.parameters(self.model))
        checkpoint.write(
            self.out / CHECKPOINTS, checkpoint.Checkpoint(state_tensors(self.model), optimizer, state), self.keep_checkpoints
        )

    @staticmethod
    def parameters(model: Model) -> dict[str, nn.Parameter]:
        """The trained parameters by name.

        Raises:
            SettingsError: there are none.
        """
        parameters = trainable(model)
        if not parameters:
            raise SettingsError("the model has no trainable parameters; model.lora.targets matches no module of it")
        return parameters


def set_state_tensors(model: Model, tensors: Mapping[str, Tensor]) -> None:
    """Copy the result of `state_tensors` into the model."""
    with torch.no_grad():
        for name, tensor in state_tensors(model).items():
            tensor.copy_(tensors[name])


def state_tensors(model: Model) -> dict[str, Tensor]:
    """Trained parameters and buffers that belong to the model's state."""
    state = model.state_dict(keep_vars=True)
    buffers = {name: t for name, t in state.items() if not isinstance(t, nn.Parameter)}
    return {**trainable(model), **buffers}


def _differing(now: Any, then: Any, name: str) -> list[str]:  # noqa: ANN401  # JSON
    if not (isinstance(now, Mapping) and isinstance(then, Mapping)):
        return [] if now == then else [f"{name} is {now!r}, in the run {then!r}"]
    keys = sorted(set(now) | set(then))
    return [d for k in keys for d in _differing(now.get(k), then.get(k), f"{name}.{k}" if name else k)]
