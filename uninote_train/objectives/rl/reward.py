"""The reward of each candidate of a ranked list. Source: UniNote, equations 9 to 11 (method.md, section 7).

Finding the relevant candidates weighs far more than their order: with the paper's weights, 6 relevant ones of 10 in
reversed order lose about 2 % of the advantage's range. The weights are settings; `variance_shares` measures each term's part.
"""

from dataclasses import dataclass
from typing import Annotated

import torch
from pydantic import Field
from torch import Tensor

TERMS = ("penalty", "base", "absolute", "relative")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reward:
    """Weights of the reward's terms. The defaults are the paper's."""

    penalty: Annotated[float, Field(ge=-1e6, le=1e6)] = -5.0
    """C_pen: penalty of a noise candidate ranked above a relevant one, times 1 + (G - rank) / G."""
    base: Annotated[float, Field(ge=-1e6, le=1e6)] = 3.0
    """R_base: reward of a relevant candidate, times the number of relevant ones in the list."""
    absolute: Annotated[float, Field(ge=-1e6, le=1e6)] = 1.0
    """Weight of R_abs = 1 - |rank - true rank| / G of a relevant candidate."""
    relative: Annotated[float, Field(ge=-1e6, le=1e6)] = 1.0
    """Weight of R_rel of a relevant candidate: the share of the other relevant candidates in the right order with it."""


def ranks(scores: Tensor, is_candidate: Tensor) -> Tensor:
    """The rank of each candidate by falling score, from 1. [l, g], [l, g] bool -> [l, g] int64.

    Of equal scores the one that should be lower comes first, so that a model with one vector for everything gets no reward.
    Padding comes last.
    """
    masked = scores.detach().masked_fill(~is_candidate, -torch.inf)
    order = masked.shape[1] - 1 - masked.flip(1).argsort(dim=1, descending=True, stable=True)
    places = torch.arange(1, masked.shape[1] + 1, device=masked.device).expand_as(order)
    return torch.empty_like(order).scatter(1, order, places)


def reward_terms(rank: Tensor, is_candidate: Tensor, relevant: Tensor, weights: Reward) -> Tensor:
    """The weighted terms of each candidate's reward.

    Args:
        rank: [..., g] int64, from 1, of the candidates in their true order: column 0 should have rank 1.
        is_candidate: [..., g] bool.
        relevant: [...] int64: the first `relevant` candidates are relevant, the others are noise.
        weights: of the terms.

    Returns:
        [4, ..., g] float32 in the order of TERMS; their sum is the reward, 0 where there is no candidate.
    """
    size = is_candidate.sum(-1, keepdim=True).float()  # G
    true_rank = torch.arange(1, rank.shape[-1] + 1, device=rank.device)
    good = is_candidate & (true_rank <= relevant[..., None])
    noise = is_candidate & ~good
    below = torch.where(good, rank, 0).amax(-1, keepdim=True) > rank
    penalty = weights.penalty * (1 + (size - rank) / size) * (noise & below)
    base = weights.base * relevant[..., None] * good
    absolute = weights.absolute * (1 - (rank - true_rank).abs() / size) * good
    return torch.stack([penalty, base, absolute, weights.relative * _concordance(rank, good)]).float()


def in_perfect_order(rank: Tensor, is_candidate: Tensor, relevant: Tensor) -> Tensor:
    """Lists whose relevant candidates come first and in their true order; of the noise any order will do. [l] bool.

    A policy's gradient does not fade as such a list gets surer, though it has nothing to learn.
    """
    true_rank = torch.arange(1, rank.shape[-1] + 1, device=rank.device)
    good = is_candidate & (true_rank <= relevant[..., None])
    return ((rank == true_rank) | ~good).all(-1)


def _concordance(rank: Tensor, good: Tensor) -> Tensor:
    """R_rel: [..., g]; 1 for the only relevant candidate of a list (ours), which cannot be out of order."""
    index = torch.arange(rank.shape[-1], device=rank.device)
    expected = index[:, None] < index  # [g, g]: the row before the column
    actual = rank[..., :, None] < rank[..., None, :]
    other = good[..., None, :] & (index[:, None] != index)
    concordant = ((expected == actual) & other).sum(-1)
    others = other.sum(-1)
    return torch.where(others > 0, concordant / others.clamp(min=1), 1.0) * good


def advantages(rewards: Tensor, is_candidate: Tensor) -> tuple[Tensor, Tensor]:
    """(r - mean) / (std + 1e-4) within a group.

    Args:
        rewards: [l, g], of candidates or of sampled rankings.
        is_candidate: [l, g] bool.

    Returns:
        ([l, g], 0 for padding; [l] bool, groups with a variance: the others have no gradient).

    Source: method.md, section 7; the 1e-4 is trl's.
    """
    count = is_candidate.sum(1, keepdim=True).clamp(min=1)
    mean = (rewards * is_candidate).sum(1, keepdim=True) / count
    centred = (rewards - mean) * is_candidate
    deviation = (centred.square().sum(1, keepdim=True) / count).sqrt()
    return centred / (deviation + 1e-4), deviation[:, 0] > 1e-6


def variance_shares(terms: Tensor, is_candidate: Tensor) -> Tensor:
    """Each term's share of the rewards' variance within their lists: covariance with the reward over its variance.

    Args:
        terms: [4, l, g].
        is_candidate: [l, g] bool.

    Returns:
        [5]: the four covariances and the variance, summed over the lists; sums of several steps and processes may be added
        before dividing. The four shares add up to 1; one below 0 works against the others.
    """
    count = is_candidate.sum(1, keepdim=True).clamp(min=1)
    centred = (terms - (terms * is_candidate).sum(2, keepdim=True) / count) * is_candidate
    total = centred.sum(0)
    return torch.cat([(centred * total).sum((1, 2)), total.square().sum()[None]])
