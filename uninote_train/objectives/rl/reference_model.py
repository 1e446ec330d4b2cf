"""The model as it was at the start: the policy is regularised towards it, and a frozen index is built with it."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import torch
from torch import Tensor
from torch.func import functional_call

from uninote_train.models.protocol import Batch, Model, trainable


class ReferenceModel:
    """Copies of the trained parameters (adapters, or all of a small model); everything else is shared with the policy."""

    def __init__(self, model: Model, mini_batch: int, autocast: Callable[[], AbstractContextManager[Any]]) -> None:
        """Copy the parameters, before a checkpoint is loaded: a resumed run has the same reference.

        Args:
            model: as it was loaded.
            mini_batch: items that are embedded at a time; 0: all of a batch.
            autocast: the policy's.
        """
        self._parameters = {name: p.detach().clone() for name, p in trainable(model).items()}
        self._model, self._mini_batch, self._autocast = model, mini_batch, autocast

    @torch.no_grad()
    def embed(self, batch: Batch) -> Tensor:
        """[batch.items, d], without dropout and without a gradient."""
        training = self._model.training
        self._model.eval()
        mini_batches = self._model.split(batch, self._mini_batch) if self._mini_batch else [batch]
        with self._autocast():
            vectors = [functional_call(self._model, self._parameters, (m,)).float() for m in mini_batches]
        self._model.train(training)
        return torch.cat(vectors)
