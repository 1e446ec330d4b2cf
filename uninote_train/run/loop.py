"""The training loop, the same for both stages."""

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import torch
from pydantic import Field
from torch import Tensor

from schemas.errors import DataError
from schemas.settings import Seed
from uninote_train.data.collate import Rows, moved
from uninote_train.data.sample_order import mixed
from uninote_train.models.protocol import Batch, Model, trainable
from uninote_train.objectives.protocol import Loss, Objective
from uninote_train.run.grad_cache import backward
from uninote_train.run.processes import Processes

NAMED_ROWS = 8
"""In an error's message, at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """How a run goes."""

    seed: Seed = 0
    """Of the rows' order, of dropout and of fresh weights."""
    piece: Annotated[int, Field(ge=0)] = 0
    """Items that are embedded at a time (GradCache); 0: the whole batch at once, which is faster and wants more memory."""
    precision: Literal["auto", "bf16", "no"] = "auto"
    """auto: bf16 on a GPU, no on a processor. Losses and vectors are float32 in either case."""
    device: Literal["auto", "cpu"] = "auto"
    """auto: a GPU for each process, if there is one."""
    threads: Annotated[int, Field(ge=0)] = 0
    """Of torch in each training process; 0: as torch has it."""
    checkpoint_every: Annotated[int, Field(ge=1)] = 500
    """Steps between checkpoints; there is one at the end in any case."""
    keep: Annotated[int, Field(ge=1)] = 2
    """Newest checkpoints that are kept."""
    say_every_s: Annotated[float, Field(ge=0)] = 5.0
    """Seconds between lines on the terminal."""


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
    piece: int
    clip: float

    def step(self, number: int, rows: Rows) -> dict[str, float]:
        """Train on the rows; their numbers.

        Args:
            number: of the step, from 0: all randomness of the step follows from it and the process's rank.
            rows: of this process, on the processor.

        Raises:
            DataError: a loss or a gradient is not finite; names the rows. Weights are as they were.
        """
        torch.manual_seed(int(mixed(self.seed % 2**64, number, self.processes.rank)[0] >> 1))
        rows = moved(rows, self.device)
        begun = self.objective.begin(rows)
        numbers: dict[str, Tensor] = {}
        for _ in range(self.objective.updates):
            numbers = self._update(number, rows, begun)
        told = {**numbers, "learning_rate": torch.tensor(self.schedule.get_last_lr()[0])}
        self.schedule.step()
        names, values = list(told), torch.stack([v.detach().float().to(self.device) for v in told.values()])
        return dict(zip(names, values.tolist(), strict=True))

    def _update(self, number: int, rows: Rows, begun: Any) -> dict[str, Tensor]:  # noqa: ANN401  # the objective's own
        batches = self.objective.inputs(rows)
        pieces = [p for b in batches for p in (self.model.split(b, self.piece) if self.piece else [b])]
        found: list[Loss] = []

        def loss_of(vectors: Tensor) -> Tensor:
            found.append(self.objective.loss(vectors.split([b.items for b in batches]), rows, begun))
            _refuse_rows(number, rows, found[0].rows)
            return found[0].value

        loss = backward(self._embed, pieces, loss_of, cached=self.piece > 0)
        parameters = list(trainable(self.model).values())
        self.processes.average_gradients(parameters)
        norm = torch.nn.utils.clip_grad_norm_(parameters, self.clip)
        if not torch.isfinite(norm):
            raise DataError(f"step {number + 1}: the gradient is {norm.item()}, the loss is finite; {_named(rows.ids)}")
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        return {"loss": self.processes.total(loss) / self.processes.world, "gradient_norm": norm, **found[0].numbers}

    def _embed(self, batch: Batch) -> Tensor:
        with self.autocast():
            return self.model(batch).float()


class Clock:
    """Seconds of a step, and of them the wait for data."""

    def __init__(self) -> None:
        """Start."""
        self._last = time.perf_counter()

    def lap(self, rows: int, waited: float) -> dict[str, float]:
        """The time since the last lap.

        Args:
            rows: of all processes.
            waited: seconds of it that this process waited for rows.
        """
        now = time.perf_counter()
        seconds, self._last = now - self._last, now
        return {"seconds": seconds, "wait_s": waited, "wait_share": waited / seconds, "rows_per_s": rows / seconds}


def _refuse_rows(number: int, rows: Rows, losses: Tensor) -> None:
    fine = torch.isfinite(losses)
    if not fine.all():
        bad = [name for name, ok in zip(rows.ids, fine.tolist(), strict=True) if not ok]
        worst = losses[~fine][0].item()
        raise DataError(
            f"step {number + 1}: the loss is {worst} in {len(bad)} of {len(fine)} rows of this process; {_named(bad)}"
        )


def _named(ids: Any) -> str:  # noqa: ANN401  # a sequence of names
    more = f" and {len(ids) - NAMED_ROWS} more" if len(ids) > NAMED_ROWS else ""
    return (
        f"rows {', '.join(ids[:NAMED_ROWS])}{more}; look at them in the shard (pair_id, list_id), or lower "
        "optimizer.learning_rate; the last checkpoint is untouched"
    )
