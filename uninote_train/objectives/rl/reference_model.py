"""The model as it was at the start: what the policy is kept near, and what a frozen index was built with."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import torch
from torch import Tensor
from torch.func import functional_call

from uninote_train.models.protocol import Batch, Model, trainable


class Reference:
    """Copies of what is trained (adapters, or all of a small model); everything else is shared with the policy."""

    def __init__(self, model: Model, piece: int, autocast: Callable[[], AbstractContextManager[Any]]) -> None:
        """Copy the parameters. Before a checkpoint is loaded: a resumed run has the same reference.

        Args:
            model: as it was loaded.
            piece: items at a time; 0: a batch at once.
            autocast: as the policy is run.
        """
        self._start = {name: p.detach().clone() for name, p in trainable(model).items()}
        self._model, self._piece, self._autocast = model, piece, autocast

    @torch.no_grad()
    def embed(self, batch: Batch) -> Tensor:
        """[batch.items, d], without dropout and without a gradient."""
        training = self._model.training
        self._model.eval()
        pieces = self._model.split(batch, self._piece) if self._piece else [batch]
        with self._autocast():
            found = [functional_call(self._model, self._start, (p,)).float() for p in pieces]
        self._model.train(training)
        return torch.cat(found)
