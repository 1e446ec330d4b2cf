"""What can be trained: items in, unit vectors out.

Two objects, because they live in different processes. The preparer makes tensors of items (tokens, patches) in the data
workers and knows no weights; the model is a torch module on its device. What goes between them is a `Batch`.
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
"""image_id -> the whole picture; a crop is cut out of it by `uninote_train.data.item_content.shown`."""


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
    """Items as tensors, by the model's own names. Which rows of a tensor are whose, only the model knows."""

    tensors: dict[str, Tensor]
    items: int
    """How many items: rows of `Model.embed`'s answer."""

    def to(self, device: torch.device | str) -> "Batch":
        """The same on a device; does not wait where memory is pinned."""
        return Batch({name: t.to(device, non_blocking=True) for name, t in self.tensors.items()}, self.items)

    def pin_memory(self) -> "Batch":
        """The same in pinned memory; torch's DataLoader calls it by this name."""
        return Batch({name: t.pin_memory() for name, t in self.tensors.items()}, self.items)


class Preparer(Protocol):
    """Items -> tensors, in a data worker. Picklable; holds no weights and no device."""

    def prepare(self, items: Sequence[Item], pictures: Pictures) -> Batch:
        """The items in their order, as tensors on the processor.

        Args:
            items: at least one.
            pictures: at least those that the items show.

        Raises:
            DataError: an item shows nothing that the model reads; names its item_id.
        """
        ...


class Model(nn.Module, ABC):
    """A trainable encoder. Its trainable parameters are those with `requires_grad`: the trainer steps, saves and averages them.

    Without layers that mix the rows of a batch in training (batch normalisation by the batch's statistics): an item's
    vector may not depend on what else is embedded with it, or cached gradients are not those of the full batch.
    Buffers are saved with the parameters but not averaged over processes.
    """

    preparer: Preparer
    """What makes this model's batches."""
    dimensions: int
    """Length of a vector."""

    @abstractmethod
    def embed(self, batch: Batch) -> Tensor:
        """[batch.items, dimensions] float32, rows of unit length, in the items' order.

        Args:
            batch: the preparer's, or a piece by `split`, on the model's device.
        """

    @abstractmethod
    def split(self, batch: Batch, size: int) -> list[Batch]:
        """Pieces of at most `size` items, in order: embedded one by one and laid end to end they are the batch's vectors."""

    @abstractmethod
    def save(self, folder: Path) -> None:
        """Write what `load_model` reads with `path=folder`: safetensors and configuration, no pickles."""

    def forward(self, batch: Batch) -> Tensor:
        """As `embed`: for torch's own machinery, which calls a module."""
        return self.embed(batch)

    def start_checkpointing(self) -> None:
        """Recompute activations in the backward pass: less memory, a forward pass more.

        Raises:
            SettingsError: this model cannot; one that can says how.
        """
        raise SettingsError(f"{type(self).__name__} has no gradient checkpointing; set model.gradient_checkpointing=false")


def trainable(model: nn.Module) -> dict[str, nn.Parameter]:
    """The parameters that are trained, by name."""
    return {name: p for name, p in model.named_parameters() if p.requires_grad}


def _rows(tensors: Mapping[str, Any], start: int, end: int) -> dict[str, Tensor]:
    return {name: t[start:end] for name, t in tensors.items()}


def split_rows(batch: Batch, size: int) -> list[Batch]:
    """`Model.split` for a model whose every tensor has one row an item."""
    bounds = range(0, batch.items, size)
    return [Batch(_rows(batch.tensors, n, n + size), min(size, batch.items - n)) for n in bounds]
