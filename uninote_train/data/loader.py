"""Steps -> rows, read and prepared by worker processes in advance."""

import os
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal

import cv2
import torch
from pydantic import Field
from torch.utils.data import DataLoader, Dataset

from schemas.errors import DataError, UninoteError
from schemas.settings import Place
from uninote_train.data.collate import ListsAndPairs, RlRows, Rows, SftRows, rl_rows, sft_rows
from uninote_train.data.sample_order import Order
from uninote_train.data.shard_reader import Row, Shards
from uninote_train.models.protocol import Item, Pixels, Preparer
from uninote_train.process.interrupt import leave_signals_to_parent

Stage = Literal["sft", "rl"]
WORKERS = (2, 8)
"""Fewest and most data workers where none are set: each has torch and two windows of rows in memory."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Data:
    """How rows are read."""

    RENAMED: ClassVar[Mapping[str, str]] = {"ahead": "prefetch"}

    batch: Annotated[int, Field(ge=1)] = 64
    """Rows of a step, over all processes. Source: method.md, section 6; ranking lists: 8 (section 7)."""
    workers: Annotated[int, Field(ge=0)] | None = None
    """Data worker processes per training process; 0: the training process reads, decodes and prepares rows itself.
    None: half of the machine's cores, shared by its training processes, from 2 to 8."""
    prefetch: Annotated[int, Field(ge=1)] = 2
    """Steps that each worker prepares in advance. Lower it if workers run out of memory."""
    window: Annotated[int, Field(ge=1)] = 8
    """Shards whose rows are shuffled together; a worker keeps the rows of two such windows in memory."""
    cache: Place | None = None
    """Local folder for files of a remote one. None: `uninote/shards` in the user's cache (XDG_CACHE_HOME, or ~/.cache)."""

    @property
    def worker_count(self) -> int:
        """Data workers of this training process."""
        if self.workers is not None:
            return self.workers
        cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        processes = int(os.environ.get("LOCAL_WORLD_SIZE", "1"))  # torchrun and accelerate set it
        least, most = WORKERS
        return min(max(cores // (2 * processes), least), most)


@dataclass(frozen=True, slots=True, kw_only=True)
class StepDataset(Dataset[Rows | UninoteError]):
    """The rows of a step for one process, indexed by the step's number from 0."""

    stage: Stage
    shards: Shards
    order: Order
    preparer: Preparer
    batch: int
    """Rows of a step, over all processes."""
    rank: int = 0
    world: int = 1
    rankings: int = 0
    """Rankings to draw noise for (rl)."""

    def __getitem__(self, step: int) -> Rows | UninoteError:
        """The rows, or the user's error as a value: torch would wrap a raised one in a traceback."""
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
            ids = sorted({i for item in items for i in item["image_ids"] or ()})
            return {i: self.shards.picture(shard_of[i], i) for i in ids}

        if self.stage == "sft":
            return sft_rows(rows, self.preparer, pictures)
        return rl_rows(rows, [p.epoch for p in places], self.preparer, pictures, self.rankings, self.order.seed)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayDataset(Dataset[Rows | UninoteError]):
    """The ranking lists of a step, and the rows of SFT beside them."""

    lists: StepDataset
    pairs: StepDataset

    def __getitem__(self, step: int) -> Rows | UninoteError:
        """Both, or the error of one."""
        lists, pairs = self.lists[step], self.pairs[step]
        if isinstance(lists, RlRows) and isinstance(pairs, SftRows):
            return ListsAndPairs(lists, pairs)
        return lists if isinstance(lists, UninoteError) else pairs


class StepLoader:
    """Iterates over the rows of steps and measures the wait for each."""

    def __init__(self, steps: Dataset[Rows | UninoteError], numbers: range, settings: Data, pin: bool) -> None:
        """Start the workers.

        Args:
            steps: the data set.
            numbers: of the steps, in order.
            settings: of the loader.
            pin: copy to pinned memory, for a GPU.
        """
        self.seconds = 0.0
        """Seconds waited for the newest rows."""
        workers = min(settings.worker_count, len(numbers))
        options: dict[str, Any] = {"prefetch_factor": settings.prefetch, "worker_init_fn": _start_worker} if workers else {}
        self._loader = DataLoader(steps, batch_size=None, sampler=numbers, num_workers=workers, pin_memory=pin, **options)

    def __iter__(self) -> Iterator[Rows]:
        """The rows in order.

        Raises:
            UninoteError: of a worker.
        """
        batches = iter(self._loader)
        while True:
            start = time.perf_counter()
            try:
                rows = next(batches, None)
            except RuntimeError as error:  # torch reports a killed worker so, after its own cleanup
                raise DataError(
                    f"a data worker ended: {error}; if memory is full, lower data.workers or data.prefetch"
                ) from error
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


def _start_worker(_worker: int) -> None:
    """Set up a worker: one thread per library, since workers share the cores, and no reaction to signals of the parent."""
    leave_signals_to_parent()
    torch.set_num_threads(1)
    cv2.setNumThreads(0)
