"""Stage 2: reinforcement learning of the order of a list's candidates. method.md, section 7."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from uninote_train.data.collate import RlRows
from uninote_train.models.protocol import Batch
from uninote_train.objectives.losses.in_batch_negatives import first_of_equal
from uninote_train.objectives.losses.masked_softmax import log_softmax
from uninote_train.objectives.losses.matryoshka import truncate_dimensions
from uninote_train.objectives.protocol import Loss
from uninote_train.objectives.rl.policies import (
    clipped_policy_loss,
    item_softmax,
    kl_to_reference,
    lists_as_info_nce,
    log_ranking,
    positive_advantage,
    sample_rankings,
)
from uninote_train.objectives.rl.reference_model import ReferenceModel
from uninote_train.objectives.rl.reward import TERMS, advantages, in_perfect_order, ranks, reward_terms, variance_shares
from uninote_train.objectives.settings import RankingLoss
from uninote_train.process.processes import Processes

CONTROL = "info_nce"
ITEM_POLICIES = {"item_softmax": item_softmax, "positive_advantage": positive_advantage}


@dataclass(slots=True)
class RankingState:
    """Values that the updates of one step share."""

    documents: Tensor | None
    """[documents, d], vectors of the reference model, if documents are frozen."""
    reference: Tensor | None
    """[l, all documents], cosines of the reference model, if the policy is regularised towards it."""
    distinct: Tensor
    """[all documents] bool, the first of several equal documents, of all processes."""
    rankings: Tensor | None = None
    """[l, s, g], sampled in the first update."""
    log_old: Tensor | None = None
    """[l, s], their log-probabilities in the first update."""


@dataclass(frozen=True, slots=True)
class RankingObjective:
    """The objective of `rl`."""

    settings: RankingLoss
    dimensions: int
    """Dimensions in which cosines are taken."""
    reference_model: ReferenceModel
    processes: Processes

    @property
    def updates(self) -> int:
        """Updates on the lists of one step."""
        return self.settings.updates

    def inputs(self, rows: RlRows) -> Sequence[Batch]:
        """Queries, and documents unless they are frozen."""
        return (rows.queries,) if self.settings.frozen_documents else (rows.queries, rows.documents)

    def prepare_step(self, rows: RlRows) -> RankingState:
        """Vectors and cosines of the reference model, where the settings use them."""
        frozen, with_kl = self.settings.frozen_documents, self.settings.kl > 0
        documents = self.reference_model.embed(rows.documents) if frozen or with_kl else None
        reference = None
        if with_kl and documents is not None:
            reference = self._cosines_to_all(self.reference_model.embed(rows.queries), documents, rows)
        distinct = first_of_equal(self.processes.gather(rows.document_name))
        return RankingState(documents if frozen else None, reference, distinct)

    def loss(self, vectors: Sequence[Tensor], rows: RlRows, state: RankingState) -> Loss:
        """The mean over the lists that teach something, and KL over all lists.

        Lists with equal rewards or in perfect order do not, and are counted.
        """
        documents = state.documents if state.documents is not None else vectors[1]
        scores, is_candidate = self._cosines(vectors[0], documents, rows), rows.candidates >= 0
        rank = ranks(scores, is_candidate)
        terms = reward_terms(rank, is_candidate, rows.relevant, self.settings.reward)
        policy, has_variance = self._policy_loss(scores, is_candidate, terms, rows, state)
        perfect = has_variance & in_perfect_order(rank, is_candidate, rows.relevant)
        if self.settings.policy == CONTROL:
            perfect = torch.zeros_like(perfect)
        kl = torch.zeros_like(policy)
        if state.reference is not None:
            every = self._cosines_to_all(vectors[0], documents, rows)
            kl = kl_to_reference(every, state.reference, state.distinct.expand_as(every), self.settings.temperature)
        mean_kl = self.processes.mean(kl, torch.ones_like(has_variance))
        teaching = has_variance & ~perfect
        value = self.processes.mean(policy, teaching) + self.settings.kl * mean_kl
        per_list = (policy * teaching + self.settings.kl * kl).detach()
        return Loss(value, per_list, self._metrics(terms, is_candidate, has_variance, perfect, kl))

    def _cosines(self, queries: Tensor, documents: Tensor, rows: RlRows) -> Tensor:
        """[l, g]; arbitrary values where there is no candidate."""
        list_queries = truncate_dimensions(queries, self.dimensions)[rows.query]
        candidates = truncate_dimensions(documents, self.dimensions)[rows.candidates.clamp(min=0)]
        return (candidates @ list_queries[:, :, None])[:, :, 0]

    def _cosines_to_all(self, queries: Tensor, documents: Tensor, rows: RlRows) -> Tensor:
        """[l, all documents] of the lists of all processes."""
        every = self.processes.gather(truncate_dimensions(documents, self.dimensions))
        return truncate_dimensions(queries, self.dimensions)[rows.query] @ every.T

    def _policy_loss(
        self, scores: Tensor, is_candidate: Tensor, terms: Tensor, rows: RlRows, state: RankingState
    ) -> tuple[Tensor, Tensor]:
        """(loss [l], lists with unequal rewards [l] bool).

        A policy's loss is a mean over the candidates, the paper's expectation; as a sum it outweighed KL and replay.
        """
        if self.settings.policy == CONTROL:
            return lists_as_info_nce(scores, is_candidate, rows.relevant, self.settings.temperature)
        count = is_candidate.sum(1)
        if self.settings.policy == "plackett_luce":
            loss, has_variance = self._plackett_luce_loss(scores, is_candidate, rows, state)
            return loss / count, has_variance
        advantage, has_variance = advantages(terms.sum(0), is_candidate)
        log_policy = log_softmax(scores, is_candidate, self.settings.temperature)
        return ITEM_POLICIES[self.settings.policy](log_policy, advantage) / count, has_variance

    def _plackett_luce_loss(
        self, scores: Tensor, is_candidate: Tensor, rows: RlRows, state: RankingState
    ) -> tuple[Tensor, Tensor]:
        temperature = self.settings.temperature
        if state.rankings is None:
            state.rankings = sample_rankings(scores, is_candidate, rows.gumbel, temperature)
            state.log_old = log_ranking(scores, is_candidate, state.rankings, temperature).detach()
        rank = torch.empty_like(state.rankings).scatter(
            2, state.rankings, torch.arange(1, scores.shape[1] + 1, device=scores.device).expand_as(state.rankings)
        )
        candidate_mask = is_candidate[:, None].expand_as(rank)
        terms = reward_terms(rank, candidate_mask, rows.relevant[:, None].expand(rank.shape[:2]), self.settings.reward)
        rewards = terms.sum((0, 3))  # the reward of a ranking is the sum over its candidates
        advantage, has_variance = advantages(rewards, torch.ones_like(rewards, dtype=torch.bool))
        log_new = log_ranking(scores, is_candidate, state.rankings, temperature)
        log_old = state.log_old if state.log_old is not None else log_new
        return clipped_policy_loss(log_new, log_old, advantage, self.settings.clip), has_variance

    def _metrics(
        self, terms: Tensor, is_candidate: Tensor, has_variance: Tensor, perfect: Tensor, kl: Tensor
    ) -> dict[str, Tensor]:
        """Over all processes: mean reward, lists without a gradient, KL, and each reward term's share of the variance."""
        lists = torch.tensor(float(len(has_variance)), device=has_variance.device)
        reward = (terms.sum(0) * is_candidate).sum(1) / is_candidate.sum(1).clamp(min=1)
        own = torch.stack([v.float() for v in (lists, reward.sum(), (~has_variance).sum(), perfect.sum(), kl.detach().sum())])
        totals = self.processes.total(torch.cat([own, variance_shares(terms, is_candidate)]))
        count, rewards, skipped, in_order, kls = totals[:5]
        by_term = {f"variance_share_{name}": t / totals[9].clamp(min=1e-12) for name, t in zip(TERMS, totals[5:9], strict=True)}
        counts = {"skipped_groups": skipped, "perfect_lists": in_order}
        return {"reward": rewards / count, **counts, "kl": kls / count, **by_term}
