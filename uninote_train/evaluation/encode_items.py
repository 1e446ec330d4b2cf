"""Encode items with a model of the trainer."""

import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
import torch
from pydantic import Field
from torch.utils.data import DataLoader, Dataset

from schemas.errors import DataError
from uninote_train.evaluation.exact_ranks import Vectors
from uninote_train.evaluation.split_pictures import PictureFiles
from uninote_train.models.protocol import Batch, Item, Model, Preparer
from uninote_train.process.interrupt import leave_signals_to_parent

PICTURE_CHARACTERS = 400
"""Length of a picture in characters when items are sorted by length; it affects only padding."""
PROGRESS_EVERY_S = 5.0
"""Seconds between progress lines."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Encoding:
    """How items are encoded."""

    batch: Annotated[int, Field(ge=1)] = 64
    """Items of a batch."""
    workers: Annotated[int, Field(ge=0)] = 0
    """Processes that prepare batches; 0: the encoding process does it itself. Use several with a GPU."""


@dataclass(frozen=True, slots=True)
class EncodedItems:
    """The vectors of items."""

    items: tuple[str, ...]
    """[n] item_ids."""
    vectors: Vectors
    """[n, d] of unit length; a row of NaN where an item has no vector."""
    refused: Mapping[str, str]
    """item_id -> the reason why it has no vector."""


def encode(model: Model, items: Sequence[Item], pictures: PictureFiles, settings: Encoding) -> EncodedItems:
    """Encode every item once, the longest first.

    Raises:
        DataError: a vector is not finite; the message names items.

    Cost: n x d floats in memory. Prints a line on stderr every five seconds.
    """
    model.eval()
    device = next(model.parameters()).device
    order = sorted(items, key=lambda item: (-_length(item), item["item_id"]))
    batches = [order[n : n + settings.batch] for n in range(0, len(order), settings.batch)]
    vectors = np.full((len(order), model.dimensions), np.nan, np.float32)
    refused: dict[str, str] = {}
    start_worker = leave_signals_to_parent if settings.workers else None
    rows = _PreparedBatches(batches, model.preparer, pictures)
    prepared = DataLoader(rows, batch_size=None, shuffle=False, num_workers=settings.workers, worker_init_fn=start_worker)
    with torch.inference_mode():
        for start, (batch, positions, reasons) in _with_progress(prepared, len(order), settings.batch):
            refused.update(reasons)
            if batch is not None:
                vectors[start + np.array(positions)] = model.embed(batch.to(device)).float().cpu().numpy()
    names = tuple(item["item_id"] for item in order)
    broken = [n for n, row in zip(names, vectors, strict=True) if n not in refused and not np.isfinite(row).all()]
    if broken:
        raise DataError(f"{len(broken)} of {len(names)} items have vectors that are not finite, for example {broken[:4]}")
    return EncodedItems(names, vectors, refused)


PreparedBatch = tuple[Batch | None, list[int], dict[str, str]]
"""A batch, the positions of its items, and why other items were left out."""


class _PreparedBatches(Dataset[PreparedBatch]):
    """Batches by number, prepared on access."""

    def __init__(self, batches: Sequence[Sequence[Item]], preparer: Preparer, pictures: PictureFiles) -> None:
        self._batches, self._preparer, self._pictures = batches, preparer, pictures

    def __len__(self) -> int:
        return len(self._batches)

    def __getitem__(self, number: int) -> PreparedBatch:
        items = self._batches[number]
        pixels = {name: self._pictures[name] for item in items for name in item["image_ids"] if name in self._pictures}
        try:
            return self._preparer.prepare(items, pixels), list(range(len(items))), {}
        except DataError:
            return self._one_by_one(items, pixels)

    def _one_by_one(self, items: Sequence[Item], pixels: Mapping[str, Any]) -> PreparedBatch:
        """An item without content that the model reads loses its own vector, not those of its batch."""
        positions, reasons = [], {}
        for n, item in enumerate(items):
            try:
                self._preparer.prepare([item], pixels)
                positions.append(n)
            except DataError as error:
                reasons[item["item_id"]] = str(error)
        return (self._preparer.prepare([items[n] for n in positions], pixels) if positions else None), positions, reasons


def _with_progress(prepared: DataLoader[PreparedBatch], items: int, size: int) -> Iterator[tuple[int, PreparedBatch]]:
    """Batches with the position of their first item; prints progress."""
    start = last_line = time.monotonic()
    for number, batch in enumerate(prepared):
        yield number * size, batch
        now, done = time.monotonic(), min(items, (number + 1) * size)
        if now - last_line > PROGRESS_EVERY_S or (done == items and last_line != start):
            last_line = now
            sys.stderr.write(f"encode: {done:,} of {items:,} items, {done / (now - start):,.0f} per second\n")


def _length(item: Item) -> int:
    return len(item["text"] or "") + PICTURE_CHARACTERS * len(item["image_ids"])
