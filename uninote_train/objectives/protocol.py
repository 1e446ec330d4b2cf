"""What a stage of training is, for the loop: which items are embedded, and a loss of their vectors."""

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
    """[b] without a gradient: each row's own, so that one that is not finite can be named."""
    numbers: Mapping[str, Tensor]
    """Scalars to log, of all processes."""


class Objective(Protocol):
    """SFT or RL."""

    @property
    def updates(self) -> int:
        """Updates of the weights on one step's rows."""
        ...

    def inputs(self, rows: Any) -> Sequence[Batch]:  # noqa: ANN401  # the stage's own rows
        """The batches whose vectors the loss wants, with a gradient."""
        ...

    def begin(self, rows: Any) -> Any:  # noqa: ANN401  # the stage's own
        """What is found out once, before the step's first update."""
        ...

    def loss(self, vectors: Sequence[Tensor], rows: Any, begun: Any) -> Loss:  # noqa: ANN401
        """The loss.

        Args:
            vectors: of each of `inputs`, [items, d].
            rows: the step's.
            begun: what `begin` gave.
        """
        ...
