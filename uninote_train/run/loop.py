"""The training loop, the same for both stages."""

import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal

import torch
from pydantic import Field
from torch import Tensor

from schemas.errors import DataError
from schemas.settings import Seed
from uninote_train.data.collate import Rows, rows_to
from uninote_train.data.sample_order import mix_hash
from uninote_train.models.protocol import Batch, Model, trainable
from uninote_train.objectives.protocol import Loss, Objective
from uninote_train.process.processes import Processes
from uninote_train.run.grad_cache import backward

NAMED_ROWS = 8
"""Rows that an error message names, at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSettings:
    """Settings of a run that do not belong to data, loss or optimizer."""

    RENAMED: ClassVar[Mapping[str, str]] = {
        "piece": "mini_batch",
        "keep": "keep_checkpoints",
        "say_every_s": "log_every_s",
    }

    seed: Seed = 0
    """Seed of the rows' order, of dropout and of new weights."""
    mini_batch: Annotated[int, Field(ge=0)] | None = None
    """Items that are embedded at a time (GradCache); gradients stay the same. 0: the whole batch at once, which is faster.
    None: 8 for a vlm, else the whole batch. Lower it if a batch does not fit in memory."""
    precision: Literal["auto", "bf16", "no"] = "auto"
    """Mixed precision. auto: bf16 on a GPU, no on a CPU. Losses and vectors are float32 in either case."""
    device: Literal["auto", "cpu"] = "auto"
    """auto: one GPU per process, if there is any."""
    threads: Annotated[int, Field(ge=0)] = 0
    """Torch threads in each training process; 0: torch's default."""
    checkpoint_every: Annotated[int, Field(ge=1)] = 500
    """Steps between checkpoints; the last step always writes one."""
    keep_checkpoints: Annotated[int, Field(ge=1)] = 2
    """Newest checkpoints that are kept; older ones are deleted."""
    log_every_s: Annotated[float, Field(ge=0)] = 5.0
    """Seconds between progress lines on the terminal."""


def mini_batch_of(settings: RunSettings, model: Model) -> int:
    """Items that are embedded at a time: as set, or the model's own; 0: the whole batch."""
    return model.mini_batch if settings.mini_batch is None else settings.mini_batch


@dataclass(slots=True)
class Stepper:
    """One step on one process's rows: loss, gradients, update."""

    model: Model
    objective: Objective
    optimizer: torch.optim.Optimizer
    schedule: Any
    processes: Processes
    autocast: Callable[[], AbstractContextManager[Any]]
    device: torch.device
    seed: int
    mini_batch: int
    clip: float

    def step(self, number: int, rows: Rows) -> dict[str, float]:
        """Train on the rows of a step and return its metrics.

        Args:
            number: of the step, from 0; with the process's rank it determines all randomness of the step.
            rows: of this process, on the CPU.

        Raises:
            DataError: a loss or a gradient is not finite; the message names the rows. The weights are unchanged.
        """
        torch.manual_seed(int(mix_hash(self.seed % 2**64, number, self.processes.rank)[0] >> 1))
        rows = rows_to(rows, self.device)
        state = self.objective.prepare_step(rows)
        metrics: dict[str, Tensor] = {}
        for _ in range(self.objective.updates):
            metrics = self._update(number, rows, state)
        metrics = {**metrics, "learning_rate": torch.tensor(self.schedule.get_last_lr()[0])}
        self.schedule.step()
        names, values = list(metrics), torch.stack([v.detach().float().to(self.device) for v in metrics.values()])
        return dict(zip(names, values.tolist(), strict=True))

    def _update(self, number: int, rows: Rows, state: Any) -> dict[str, Tensor]:  # noqa: ANN401  # the objective's own
        batches = self.objective.inputs(rows)
        mini_batches = [m for b in batches for m in (self.model.split(b, self.mini_batch) if self.mini_batch else [b])]
        losses: list[Loss] = []

        def loss_of(vectors: Tensor) -> Tensor:
            losses.append(self.objective.loss(vectors.split([b.items for b in batches]), rows, state))
            _check_finite(number, rows, losses[0].rows)
            return losses[0].value

        loss = backward(self._embed, mini_batches, loss_of, cached=self.mini_batch > 0)
        parameters = list(trainable(self.model).values())
        self.processes.average_gradients(parameters)
        norm = torch.nn.utils.clip_grad_norm_(parameters, self.clip)
        if not torch.isfinite(norm):
            raise DataError(
                f"step {number + 1}: the gradient norm is {norm.item()} but the loss is finite; {_named_rows(rows.ids)}"
            )
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        return {"loss": self.processes.total(loss) / self.processes.world, "gradient_norm": norm, **losses[0].metrics}

    def _embed(self, batch: Batch) -> Tensor:
        with self.autocast():
            return self.model(batch).float()


class Clock:
    """Measures the seconds of a step and the part spent waiting for data."""

    def __init__(self) -> None:
        """Start the clock."""
        self._last = time.perf_counter()

    def lap(self, rows: int, waited: float) -> dict[str, float]:
        """Timings since the last lap.

        Args:
            rows: of all processes.
            waited: seconds that this process waited for rows.
        """
        now = time.perf_counter()
        seconds, self._last = now - self._last, now
        return {"seconds": seconds, "wait_s": waited, "wait_share": waited / seconds, "rows_per_s": rows / seconds}


def _check_finite(number: int, rows: Rows, losses: Tensor) -> None:
    finite = torch.isfinite(losses)
    if not finite.all():
        bad = [name for name, ok in zip(rows.ids, finite.tolist(), strict=True) if not ok]
        worst = losses[~finite][0].item()
        raise DataError(
            f"step {number + 1}: the loss is {worst} in {len(bad)} of {len(finite)} rows of this process; {_named_rows(bad)}"
        )


def _named_rows(ids: Any) -> str:  # noqa: ANN401  # a sequence of ids
    more = f" and {len(ids) - NAMED_ROWS} more" if len(ids) > NAMED_ROWS else ""
    return (
        f"rows {', '.join(ids[:NAMED_ROWS])}{more}; inspect them in the shard (pair_id, list_id), or lower "
        "optimizer.learning_rate; the last checkpoint is intact"
    )
