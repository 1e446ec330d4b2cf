"""The validation split during training: the same tasks and metrics as `evaluate`, by all processes together."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
import torch
from pydantic import Field

from schemas.shards import RL, SFT
from uninote_train.data.shard_reader import find_split
from uninote_train.evaluation.bootstrap import Bootstrap
from uninote_train.evaluation.encode_items import EncodedItems, Encoding, encode
from uninote_train.evaluation.evaluate import all_tasks, measure_tasks
from uninote_train.evaluation.evaluation_inputs import EvaluationInputs, read_inputs
from uninote_train.evaluation.results_table import mean_of_meta
from uninote_train.models.protocol import Item, Model
from uninote_train.process.processes import Processes

SPLIT = "validation"
EVALUATIONS = 10
"""Evaluations of a run after the one at its start, unless `every` is set."""
WITHOUT_INTERVALS = Bootstrap(resamples=1)
ROWS_OF_A_LIST = 10
"""A ranking list has some ten notes: as many items as ten rows of few candidates."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ValidationSettings:
    """How the validation split is evaluated during training."""

    every: Annotated[int, Field(ge=0)] | None = None
    """Steps between evaluations, beside those before the first and after the last step; none: a tenth of the run; 0: never."""
    rows: Annotated[int, Field(ge=1)] = 2000
    """Validation rows that are read, at most, and a tenth as many ranking lists: the first, in seeded order. Ours."""
    patience: Annotated[int, Field(ge=0)] = 5
    """Evaluations in a row without a gain that end the run; 0: it goes to its last step. Ours: half of a run."""

    def interval(self, steps: int) -> int:
        """Steps between evaluations of a run of `steps`; 0: never."""
        return max(1, steps // EVALUATIONS) if self.every is None else self.every


def read_validation(sft: str | None, lists: str | None, cache: str | None, rows: int) -> EvaluationInputs | None:
    """The validation split of two folders of shards; None without a row in either.

    Args:
        sft: a folder of SFT shards with a `validation` folder in it.
        lists: the same of ranking lists.
        cache: as of `open_shards`.
        rows: SFT rows, at most, and a tenth as many lists.
    """
    pairs = find_split(sft, SPLIT, SFT, cache) if sft else None
    ranked = find_split(lists, SPLIT, RL, cache) if lists else None
    if not pairs and not ranked:
        return None
    count = max(1, rows // ROWS_OF_A_LIST)
    return read_inputs(
        pairs.local_files(rows) if pairs else [], ranked.local_files(count) if ranked else [], rows=rows, list_rows=count
    )


class Validator:
    """Evaluates a model on a validation split."""

    def __init__(self, inputs: EvaluationInputs, encoding: Encoding, processes: Processes) -> None:
        """Find the tasks, once for all evaluations.

        Args:
            inputs: of the split.
            encoding: batch size and workers.
            processes: each encodes a part of the items.
        """
        self.tasks = all_tasks(inputs.split, inputs.lists)
        items = dict(inputs.split.items) | dict(inputs.lists.split.items if inputs.lists else {})
        self._items = [items[name] for name in sorted(items)]
        self._pictures, self._encoding, self._processes = inputs.pictures, encoding, processes

    def measure(self, model: Model) -> dict[str, Any]:
        """Metrics of tasks and meta tasks; the model stays in the mode that it is in. All processes return the same."""
        training, world = model.training, self._processes.world
        parts = [self._items[rank::world] for rank in range(world)]
        own = encode(model, parts[self._processes.rank], self._pictures, self._encoding)
        model.train(training)
        vectors = self._gathered(own, parts[self._processes.rank], next(model.parameters()).device)
        names = tuple(item["item_id"] for part in parts for item in part)
        return measure_tasks(self.tasks, EncodedItems(names, vectors, own.refused), WITHOUT_INTERVALS)

    def _gathered(self, encoded: EncodedItems, items: Sequence[Item], device: torch.device) -> np.ndarray:
        """The vectors of all processes, in order of rank and then of `items`."""
        place = {name: n for n, name in enumerate(encoded.items)}
        own = encoded.vectors[[place[item["item_id"]] for item in items]]
        return self._processes.gather(torch.from_numpy(own).to(device)).cpu().numpy()


def score(results: Mapping[str, Any]) -> float:
    """The number that checkpoints are compared by: the mean recall@1 of the paper's meta tasks, or of ours without those."""
    mean = mean_of_meta(results)
    return mean if np.isfinite(mean) else float(np.mean([numbers["recall@1"][0] for numbers in results["meta"].values()]))
