"""Interface of a trainable model: items in, unit vectors out.

There are two objects, because they live in different processes. The preparer turns items into tensors (tokens, patches) in the
data workers and has no weights; the model is a torch module on its device. A `Batch` is passed from one to the other.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypedDict

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from schemas.errors import SettingsError
from schemas.item import Kind

Pixels = npt.NDArray[np.uint8]
"""RGB [height, width, 3]."""
Pictures = Mapping[str, Pixels]
"""image_id -> the whole picture; a crop is cut out of it by `uninote_train.models.item_content.item_pixels`."""


class Item(TypedDict):
    """A row of schemas.item.ITEM, as pyarrow's `to_pylist` gives it."""

    item_id: str
    kind: Kind
    note_id: str
    image_ids: list[str]
    region: dict[str, float] | None
    text: str | None


@dataclass(frozen=True, slots=True)
class Batch:
    """Items as tensors, under the model's own names. Only the model knows which rows of a tensor belong to which item."""

    tensors: dict[str, Tensor]
    items: int
    """Number of items, which is the number of rows that `Model.embed` returns."""

    def to(self, device: torch.device | str) -> "Batch":
        """A copy on a device; asynchronous if memory is pinned."""
        return Batch({name: t.to(device, non_blocking=True) for name, t in self.tensors.items()}, self.items)

    def pin_memory(self) -> "Batch":
        """A copy in pinned memory; torch's DataLoader calls this method by name."""
        return Batch({name: t.pin_memory() for name, t in self.tensors.items()}, self.items)


class Preparer(Protocol):
    """Items -> tensors, in a data worker. Picklable; holds no weights and no device."""

    def prepare(self, items: Sequence[Item], pictures: Pictures) -> Batch:
        """The items in their order, as CPU tensors.

        Args:
            items: at least one.
            pictures: at least those of the items.

        Raises:
            DataError: an item has no content that the model reads; the message has its item_id.
        """
        ...


class Model(nn.Module, ABC):
    """A trainable encoder. The trainer updates, saves and averages the parameters with `requires_grad`.

    It has no layer that mixes the rows of a batch in training (batch normalisation with the batch's statistics): an item's
    vector must not depend on the rest of the batch, or cached gradients differ from those of the full batch.
    Buffers are saved with the parameters but not averaged over processes.
    """

    preparer: Preparer
    """Makes the batches of this model."""
    dimensions: int
    """Length of a vector."""
    learning_rate: float = 1e-4
    """Peak learning rate of SFT where the settings name none. Adapters and whole networks: the paper's; new projections on
    frozen features learn best at 1e-3 (dev/log.md)."""

    mini_batch: int = 0
    """Items that are embedded at a time where `run.mini_batch` is not set; 0: the whole batch."""
    checkpointing: bool = False
    """Whether activations are recomputed where `model.gradient_checkpointing` is not set."""

    @abstractmethod
    def embed(self, batch: Batch) -> Tensor:
        """[batch.items, dimensions] float32, rows of unit length, in the items' order.

        Args:
            batch: of the preparer, or a part of one by `split`, on the model's device.
        """

    @abstractmethod
    def split(self, batch: Batch, size: int) -> list[Batch]:
        """Mini-batches of at most `size` items, in order: their vectors, concatenated, are the batch's."""

    @abstractmethod
    def save(self, folder: Path) -> None:
        """Write the files that `load_model` reads with `path=folder`: safetensors and configuration, no pickles."""

    def forward(self, batch: Batch) -> Tensor:
        """As `embed`, for torch code that calls a module."""
        return self.embed(batch)

    def start_checkpointing(self) -> None:
        """Recompute activations in the backward pass: less memory for one more forward pass.

        Raises:
            SettingsError: this kind of model has none. Those that have it override this method.
        """
        raise SettingsError(f"{type(self).__name__} has no gradient checkpointing; set model.gradient_checkpointing=false")


def trainable(model: nn.Module) -> dict[str, nn.Parameter]:
    """The trained parameters by name."""
    return {name: p for name, p in model.named_parameters() if p.requires_grad}


def _rows(tensors: Mapping[str, Any], start: int, end: int) -> dict[str, Tensor]:
    return {name: t[start:end] for name, t in tensors.items()}


def split_rows(batch: Batch, size: int) -> list[Batch]:
    """`Model.split` for a model with one row per item in every tensor."""
    bounds = range(0, batch.items, size)
    return [Batch(_rows(batch.tensors, n, n + size), min(size, batch.items - n)) for n in bounds]
