"""Items -> vectors by a model of the trainer."""

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
from uninote_train.run.interrupt import leave_signals_to_parent

PICTURE_CHARACTERS = 400
"""What a picture counts beside characters when items are put in order of length; only padding depends on it."""
SAY_EVERY = 5.0
"""Seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Encoding:
    """How items are encoded."""

    batch: Annotated[int, Field(ge=1)] = 64
    """Items of a batch."""
    workers: Annotated[int, Field(ge=0)] = 0
    """Processes that prepare batches; 0: the one that encodes. A GPU wants some."""


@dataclass(frozen=True, slots=True)
class Encoded:
    """The items' vectors."""

    items: tuple[str, ...]
    """[n] item_ids."""
    vectors: Vectors
    """[n, d] of unit length; NaN in a row that has none."""
    refused: Mapping[str, str]
    """item_id -> why it has none."""


def encode(model: Model, items: Sequence[Item], pictures: PictureFiles, settings: Encoding) -> Encoded:
    """Every item once, the longest first.

    Raises:
        DataError: vectors that are not finite: names their items.

    Cost: n x d floats; a line on stderr every five seconds.
    """
    model.eval()
    device = next(model.parameters()).device
    order = sorted(items, key=lambda item: (-_length(item), item["item_id"]))
    batches = [order[n : n + settings.batch] for n in range(0, len(order), settings.batch)]
    vectors = np.full((len(order), model.dimensions), np.nan, np.float32)
    refused: dict[str, str] = {}
    begin = leave_signals_to_parent if settings.workers else None
    rows = _Prepared(batches, model.preparer, pictures)
    prepared = DataLoader(rows, batch_size=None, shuffle=False, num_workers=settings.workers, worker_init_fn=begin)
    with torch.inference_mode():
        for start, (batch, kept, bad) in _told(prepared, len(order), settings.batch):
            refused.update(bad)
            if batch is not None:
                vectors[start + np.array(kept)] = model.embed(batch.to(device)).float().cpu().numpy()
    names = tuple(item["item_id"] for item in order)
    broken = [n for n, row in zip(names, vectors, strict=True) if n not in refused and not np.isfinite(row).all()]
    if broken:
        raise DataError(f"{len(broken)} of {len(names)} items have vectors that are not finite, {broken[:4]} first")
    return Encoded(names, vectors, refused)


Answer = tuple[Batch | None, list[int], dict[str, str]]
"""A batch, which of its items are in it, why the others are not."""


class _Prepared(Dataset[Answer]):
    """Batches by number, made where they are asked for."""

    def __init__(self, batches: Sequence[Sequence[Item]], preparer: Preparer, pictures: PictureFiles) -> None:
        self._batches, self._preparer, self._pictures = batches, preparer, pictures

    def __len__(self) -> int:
        return len(self._batches)

    def __getitem__(self, number: int) -> Answer:
        items = self._batches[number]
        shown = {name: self._pictures[name] for item in items for name in item["image_ids"] if name in self._pictures}
        try:
            return self._preparer.prepare(items, shown), list(range(len(items))), {}
        except DataError:
            return self._one_by_one(items, shown)

    def _one_by_one(self, items: Sequence[Item], shown: Mapping[str, Any]) -> Answer:
        """An item that shows nothing that the model reads costs its own vector, not the batch's."""
        kept, bad = [], {}
        for n, item in enumerate(items):
            try:
                self._preparer.prepare([item], shown)
                kept.append(n)
            except DataError as error:
                bad[item["item_id"]] = str(error)
        return (self._preparer.prepare([items[n] for n in kept], shown) if kept else None), kept, bad


def _told(prepared: DataLoader[Answer], items: int, size: int) -> Iterator[tuple[int, Answer]]:
    """Batches with the place of their first item; says how far they are."""
    begun = said = time.monotonic()
    for number, answer in enumerate(prepared):
        yield number * size, answer
        now, done = time.monotonic(), min(items, (number + 1) * size)
        if now - said > SAY_EVERY or (done == items and said != begun):
            said = now
            sys.stderr.write(f"encode: {done:,} of {items:,} items, {done / (now - begun):,.0f} a second\n")


def _length(item: Item) -> int:
    return len(item["text"] or "") + PICTURE_CHARACTERS * len(item["image_ids"])
