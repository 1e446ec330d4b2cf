"""Steps -> rows, read and prepared by worker processes ahead of the model."""

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import cv2
import torch
from pydantic import Field
from torch.utils.data import DataLoader, Dataset

from schemas.errors import DataError, UninoteError
from schemas.settings import Place
from uninote_train.data.collate import Rows, rl_rows, sft_rows
from uninote_train.data.sample_order import Order
from uninote_train.data.shard_reader import Row, Shards
from uninote_train.models.protocol import Item, Pixels, Preparer
from uninote_train.run.interrupt import leave_signals_to_parent

Stage = Literal["sft", "rl"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Data:
    """How rows are read."""

    batch: Annotated[int, Field(ge=1)] = 64
    """Rows of a step, of all processes together. Source: method.md, section 6; ranking lists: 8 (section 7)."""
    workers: Annotated[int, Field(ge=0)] = 2
    """Processes that read, decode and prepare, for each training process; 0: the training process does it itself."""
    ahead: Annotated[int, Field(ge=1)] = 2
    """Steps that a worker is ahead."""
    window: Annotated[int, Field(ge=1)] = 8
    """Shards that are shuffled into one another; a worker holds the rows of two such windows."""
    cache: Place | None = None
    """Where files of a remote folder are kept. None: `uninote/shards` in the user's own cache (XDG_CACHE_HOME, or ~/.cache)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Steps(Dataset[Rows | UninoteError]):
    """A step's rows for one process, by the step's number from 0."""

    stage: Stage
    shards: Shards
    order: Order
    preparer: Preparer
    batch: int
    """Rows of a step, of all processes together."""
    rank: int = 0
    world: int = 1
    rankings: int = 0
    """rl: rankings to draw noise for."""

    def __getitem__(self, step: int) -> Rows | UninoteError:
        """The rows, or the user's error: torch would wrap a raised one in a traceback."""
        try:
            return self._prepared(step)
        except UninoteError as error:
            return error

    def _prepared(self, step: int) -> Rows:
        share = self.batch // self.world
        start = step * self.batch + self.rank * share
        places = self.order.places(start, start + share)
        rows = [self.shards.row(p.shard, p.row) for p in places]
        shard_of = {i: p.shard for p, row in zip(places, rows, strict=True) for i in _images(row)}

        def pictures(items: Iterable[Item]) -> dict[str, Pixels]:
            shown = sorted({i for item in items for i in item["image_ids"] or ()})
            return {i: self.shards.picture(shard_of[i], i) for i in shown}

        if self.stage == "sft":
            return sft_rows(rows, self.preparer, pictures)
        return rl_rows(rows, [p.epoch for p in places], self.preparer, pictures, self.rankings, self.order.seed)


class Waited:
    """Iterates over the rows of steps and keeps how long each was waited for."""

    def __init__(self, steps: Steps, numbers: range, settings: Data, pin: bool) -> None:
        """Start the workers.

        Args:
            steps: what is read.
            numbers: which steps, in order.
            settings: of reading.
            pin: copy to pinned memory, for a GPU.
        """
        self.seconds = 0.0
        """The wait for the newest rows."""
        workers = min(settings.workers, len(numbers))
        options: dict[str, Any] = {"prefetch_factor": settings.ahead, "worker_init_fn": _begin} if workers else {}
        self._loader = DataLoader(steps, batch_size=None, sampler=numbers, num_workers=workers, pin_memory=pin, **options)

    def __iter__(self) -> Iterator[Rows]:
        """The rows in order.

        Raises:
            UninoteError: what a worker met.
        """
        found = iter(self._loader)
        while True:
            start = time.perf_counter()
            try:
                rows = next(found, None)
            except RuntimeError as error:  # a worker that was killed: torch says so, after its own cleaning up
                raise DataError(f"a data worker ended: {error}; out of memory? fewer data.workers or data.ahead") from error
            self.seconds = time.perf_counter() - start
            if rows is None:
                return
            if isinstance(rows, UninoteError):
                raise rows
            yield rows


def _images(row: Row) -> set[str]:
    groups = [row.get("positive"), *(row["candidates"] or ())]
    items = [row["query"], *(c["item"] for c in groups if c)]
    return {i for item in items for i in item["image_ids"] or ()}


def _begin(_worker: int) -> None:
    """A worker is one of many: its libraries' own threads would only fight for processors. Its parent answers signals."""
    leave_signals_to_parent()
    torch.set_num_threads(1)
    cv2.setNumThreads(0)
