"""Ranking with contrastive replay: a part of each step is rows of SFT with their own loss, so that RL does not undo stage 1."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from uninote_train.data.collate import ListsAndPairs
from uninote_train.models.protocol import Batch
from uninote_train.objectives.contrastive import ContrastiveObjective, InBatchNegatives
from uninote_train.objectives.protocol import Loss
from uninote_train.objectives.ranking_rl import RankingObjective, RankingState


@dataclass(frozen=True, slots=True)
class ReplayObjective:
    """The loss of the lists plus `weight` times that of the rows."""

    ranking: RankingObjective
    contrastive: ContrastiveObjective
    weight: float

    @property
    def updates(self) -> int:
        """Those of the ranking stage."""
        return self.ranking.updates

    def inputs(self, rows: ListsAndPairs) -> Sequence[Batch]:
        """Those of the lists, then those of the rows."""
        return (*self.ranking.inputs(rows.lists), *self.contrastive.inputs(rows.pairs))

    def prepare_step(self, rows: ListsAndPairs) -> tuple[RankingState, InBatchNegatives | None]:
        """What each of the two prepares."""
        return self.ranking.prepare_step(rows.lists), self.contrastive.prepare_step(rows.pairs)

    def loss(self, vectors: Sequence[Tensor], rows: ListsAndPairs, state: tuple[RankingState, InBatchNegatives | None]) -> Loss:
        """The weighted sum; the metrics are those of the lists and `replay_loss`."""
        count = len(self.ranking.inputs(rows.lists))
        lists = self.ranking.loss(vectors[:count], rows.lists, state[0])
        pairs = self.contrastive.loss(vectors[count:], rows.pairs, state[1])
        processes = self.contrastive.processes
        metrics = {**lists.metrics, "replay_loss": processes.total(pairs.value) / processes.world}
        return Loss(lists.value + self.weight * pairs.value, torch.cat([lists.rows, self.weight * pairs.rows]), metrics)
