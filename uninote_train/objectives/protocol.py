"""Interface between the training loop and a stage's objective: which items are embedded, and a loss of their vectors."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from torch import Tensor

from uninote_train.models.protocol import Batch


@dataclass(frozen=True, slots=True)
class Loss:
    """A step's loss in one process."""

    value: Tensor
    """Scalar with a gradient; its mean over the processes is the loss of the whole batch."""
    rows: Tensor
    """[b] without a gradient: the loss of each row, so that an error can name rows whose loss is not finite."""
    metrics: Mapping[str, Tensor]
    """Scalars to log, over all processes."""


class Objective(Protocol):
    """The objective of a stage: SFT or RL."""

    @property
    def updates(self) -> int:
        """Weight updates per step."""
        ...

    def inputs(self, rows: Any, /) -> Sequence[Batch]:  # noqa: ANN401  # the stage's own rows
        """The batches that the loss needs vectors of, with a gradient."""
        ...

    def prepare_step(self, rows: Any, /) -> Any:  # noqa: ANN401  # the stage's own
        """Compute what the step's updates share, once before the first of them."""
        ...

    def loss(self, vectors: Sequence[Tensor], rows: Any, state: Any, /) -> Loss:  # noqa: ANN401
        """The loss of one update.

        Args:
            vectors: [items, d], for each of `inputs`.
            rows: of the step.
            state: the result of `prepare_step`.
        """
        ...
