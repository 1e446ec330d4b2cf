"""A model of a few lines that reads all kinds of items: for tests of what surrounds a model."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from uninote_train.models.item_content import item_pixels, item_text
from uninote_train.models.protocol import Batch, Item, Model, Pictures, split_rows

WIDTH = 40


@dataclass(frozen=True)
class ToyPreparer:
    """An item as 40 numbers: letters counted by their code, and the colours of its pictures' quarters."""

    def prepare(self, items: Sequence[Item], pictures: Pictures) -> Batch:
        return Batch({"x": torch.tensor(np.stack([self._row(i, pictures) for i in items]), dtype=torch.float32)}, len(items))

    def _row(self, item: Item, pictures: Pictures) -> np.ndarray:
        letters = np.bincount([ord(c) % 28 for c in item_text(item)], minlength=28) / 10.0
        upper = [p[: len(p) // 2].mean((0, 1)) for p in item_pixels(item, pictures)] or [np.zeros(3)]
        lower = [p[len(p) // 2 :].std((0, 1)) for p in item_pixels(item, pictures)] or [np.zeros(3)]
        numbers = np.concatenate(
            [letters, np.mean(upper, 0) / 255, np.mean(lower, 0) / 255, [len(upper), len(item_text(item)) / 50]]
        )
        return np.pad(numbers, (0, WIDTH - len(numbers)))


class Toy(Model):
    """Two layers."""

    def __init__(self, dimensions: int = 16, dropout: float = 0.0, seed: int = 0) -> None:
        super().__init__()
        torch.manual_seed(seed)
        self.preparer, self.dimensions = ToyPreparer(), dimensions
        self.net = nn.Sequential(nn.Linear(WIDTH, 32), nn.Tanh(), nn.Dropout(dropout), nn.Linear(32, dimensions))

    def embed(self, batch):
        return F.normalize(self.net(batch.tensors["x"]), dim=-1)

    def split(self, batch, size):
        return split_rows(batch, size)

    def save(self, folder):
        raise NotImplementedError
