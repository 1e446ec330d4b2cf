"""Stage 2: rank a list's candidates as their truth says, by reinforcement. method.md, section 7."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from uninote_train.data.collate import RlRows
from uninote_train.models.protocol import Batch
from uninote_train.objectives.losses.masked_softmax import log_softmax
from uninote_train.objectives.losses.matryoshka import shortened
from uninote_train.objectives.protocol import Loss
from uninote_train.objectives.rl.policies import (
    clipped,
    distance_to,
    item_softmax,
    log_ranking,
    positive_advantage,
    sampled_rankings,
)
from uninote_train.objectives.rl.reference_model import Reference
from uninote_train.objectives.rl.reward import TERMS, advantages, ranks, reward_terms, shares
from uninote_train.run.processes import Processes
from uninote_train.settings import Ranking

ITEM_POLICIES = {"item_softmax": item_softmax, "positive_advantage": positive_advantage}


@dataclass(slots=True)
class Begun:
    """What a step's updates share."""

    documents: Tensor | None
    """[documents, d] of the model at the start, if they are frozen."""
    reference: Tensor | None
    """[l, g] cosines of the model at the start, if the policy is kept near it."""
    rankings: Tensor | None = None
    """[l, s, g], drawn in the first update."""
    log_old: Tensor | None = None
    """[l, s], their log-probabilities then."""


@dataclass(frozen=True, slots=True)
class Reinforced:
    """The objective of `rl`."""

    settings: Ranking
    dimensions: int
    """That cosines are taken in."""
    start: Reference
    processes: Processes

    @property
    def updates(self) -> int:
        """On one step's lists."""
        return self.settings.updates

    def inputs(self, rows: RlRows) -> Sequence[Batch]:
        """Queries, and documents unless they are frozen."""
        return (rows.queries,) if self.settings.frozen_documents else (rows.queries, rows.documents)

    def begin(self, rows: RlRows) -> Begun:
        """Vectors and cosines of the model at the start, where they are asked for."""
        frozen, near = self.settings.frozen_documents, self.settings.kl > 0
        documents = self.start.embed(rows.documents) if frozen or near else None
        reference = self._cosines(self.start.embed(rows.queries), documents, rows) if near and documents is not None else None
        return Begun(documents if frozen else None, reference)

    def loss(self, vectors: Sequence[Tensor], rows: RlRows, begun: Begun) -> Loss:
        """The mean over the lists whose rewards differ; the others teach nothing and are counted."""
        documents = begun.documents if begun.documents is not None else vectors[1]
        scores, there = self._cosines(vectors[0], documents, rows), rows.candidates >= 0
        terms = reward_terms(ranks(scores, there), there, rows.relevant, self.settings.reward)
        policy, counted = self._policy(scores, there, terms, rows, begun)
        kept = torch.zeros_like(policy)
        if begun.reference is not None:
            kept = distance_to(scores, begun.reference, there, self.settings.temperature)
        value = self.processes.mean(policy, counted) + self.settings.kl * self.processes.mean(kept, torch.ones_like(counted))
        per_list = (policy * counted + self.settings.kl * kept).detach()
        return Loss(value, per_list, self._numbers(terms, there, counted, kept))

    def _cosines(self, queries: Tensor, documents: Tensor, rows: RlRows) -> Tensor:
        """[l, g]; anything where there is no candidate."""
        asked = shortened(queries, self.dimensions)[rows.query]
        offered = shortened(documents, self.dimensions)[rows.candidates.clamp(min=0)]
        return (offered @ asked[:, :, None])[:, :, 0]

    def _policy(self, scores: Tensor, there: Tensor, terms: Tensor, rows: RlRows, begun: Begun) -> tuple[Tensor, Tensor]:
        """(loss [l], lists whose rewards differ [l] bool)."""
        if self.settings.policy == "plackett_luce":
            return self._sampled(scores, there, rows, begun)
        advantage, counted = advantages(terms.sum(0), there)
        log_policy = log_softmax(scores, there, self.settings.temperature)
        return ITEM_POLICIES[self.settings.policy](log_policy, advantage), counted

    def _sampled(self, scores: Tensor, there: Tensor, rows: RlRows, begun: Begun) -> tuple[Tensor, Tensor]:
        heat = self.settings.temperature
        if begun.rankings is None:
            begun.rankings = sampled_rankings(scores, there, rows.gumbel, heat)
            begun.log_old = log_ranking(scores, there, begun.rankings, heat).detach()
        rank = torch.empty_like(begun.rankings).scatter(
            2, begun.rankings, torch.arange(1, scores.shape[1] + 1, device=scores.device).expand_as(begun.rankings)
        )
        everywhere = there[:, None].expand_as(rank)
        each = reward_terms(rank, everywhere, rows.relevant[:, None].expand(rank.shape[:2]), self.settings.reward)
        rewards = each.sum((0, 3))  # of a ranking: the sum over its candidates
        advantage, counted = advantages(rewards, torch.ones_like(rewards, dtype=torch.bool))
        log_new = log_ranking(scores, there, begun.rankings, heat)
        old = begun.log_old if begun.log_old is not None else log_new
        return clipped(log_new, old, advantage, self.settings.clip), counted

    def _numbers(self, terms: Tensor, there: Tensor, counted: Tensor, kept: Tensor) -> dict[str, Tensor]:
        """Of all processes: reward, groups that were skipped, KL, and what each term carries of the rewards' variance."""
        lists = torch.tensor(float(len(counted)), device=counted.device)
        reward = (terms.sum(0) * there).sum(1) / there.sum(1).clamp(min=1)
        mine = [lists, reward.sum(), (~counted).sum(), kept.detach().sum()]
        sums = self.processes.total(torch.cat([torch.stack([m.float() for m in mine]), shares(terms, there)]))
        of_terms = sums[4:8] / sums[8].clamp(min=1e-12)
        named = {f"variance_share_{name}": share for name, share in zip(TERMS, of_terms, strict=True)}
        return {"reward": sums[1] / sums[0], "skipped_groups": sums[2], "kl": sums[3] / sums[0], **named}
