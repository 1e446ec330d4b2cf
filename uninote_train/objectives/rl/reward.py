"""The reward of each candidate of a ranked list. Source: UniNote, equations 9 to 11 (method.md, section 7).

Finding the relevant candidates weighs far more than their order: with the paper's weights, 6 relevant ones of 10 in
reversed order lose some 2 % of the advantage's range. The weights are settings, and `shares` says what each term carries.
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
    """C_pen: of a noise candidate with a relevant one below it, times 1 + (G - rank) / G."""
    base: Annotated[float, Field(ge=-1e6, le=1e6)] = 3.0
    """R_base of a relevant candidate, times the number of relevant ones in the list."""
    absolute: Annotated[float, Field(ge=-1e6, le=1e6)] = 1.0
    """Of R_abs = 1 - |rank - true rank| / G, of a relevant candidate."""
    relative: Annotated[float, Field(ge=-1e6, le=1e6)] = 1.0
    """Of R_rel: the share of the other relevant candidates that stand to it as they should, of a relevant candidate."""


def ranks(scores: Tensor, there: Tensor) -> Tensor:
    """The rank of each candidate by falling score, from 1. [l, g], [l, g] bool -> [l, g] int64.

    Of equal scores the one that should be lower comes first: a model that gives all the same vector is not rewarded. What is
    not there comes last.
    """
    held = scores.detach().masked_fill(~there, -torch.inf)
    order = held.shape[1] - 1 - held.flip(1).argsort(dim=1, descending=True, stable=True)
    places = torch.arange(1, held.shape[1] + 1, device=held.device).expand_as(order)
    return torch.empty_like(order).scatter(1, order, places)


def reward_terms(rank: Tensor, there: Tensor, relevant: Tensor, weights: Reward) -> Tensor:
    """The weighted terms of each candidate's reward.

    Args:
        rank: [..., g] int64, from 1, of the candidates in their true order: column 0 should have rank 1.
        there: [..., g] bool.
        relevant: [...] int64: so many of the first candidates are relevant, the others are noise.
        weights: of the terms.

    Returns:
        [4, ..., g] float32 in the order of TERMS; their sum is the reward, 0 where there is no candidate.
    """
    size = there.sum(-1, keepdim=True).float()  # G
    wanted = torch.arange(1, rank.shape[-1] + 1, device=rank.device)
    good = there & (wanted <= relevant[..., None])
    noise = there & ~good
    below = torch.where(good, rank, 0).amax(-1, keepdim=True) > rank
    penalty = weights.penalty * (1 + (size - rank) / size) * (noise & below)
    base = weights.base * relevant[..., None] * good
    absolute = weights.absolute * (1 - (rank - wanted).abs() / size) * good
    return torch.stack([penalty, base, absolute, weights.relative * _concordance(rank, good)]).float()


def _concordance(rank: Tensor, good: Tensor) -> Tensor:
    """R_rel: [..., g]; 1 for a relevant candidate without another, ours: it cannot stand wrong."""
    wanted = torch.arange(rank.shape[-1], device=rank.device)
    should = wanted[:, None] < wanted  # [g, g]: the row before the column
    does = rank[..., :, None] < rank[..., None, :]
    other = good[..., None, :] & (wanted[:, None] != wanted)
    right = ((should == does) & other).sum(-1)
    others = other.sum(-1)
    return torch.where(others > 0, right / others.clamp(min=1), 1.0) * good


def advantages(rewards: Tensor, there: Tensor) -> tuple[Tensor, Tensor]:
    """(r - mean) / (std + 1e-4) within a group.

    Args:
        rewards: [l, g], of candidates or of sampled rankings.
        there: [l, g] bool.

    Returns:
        ([l, g], 0 where there is none; [l] bool, groups with a variance: the others teach nothing).

    Source: method.md, section 7; the 1e-4 is trl's.
    """
    count = there.sum(1, keepdim=True).clamp(min=1)
    mean = (rewards * there).sum(1, keepdim=True) / count
    away = (rewards - mean) * there
    deviation = (away.square().sum(1, keepdim=True) / count).sqrt()
    return away / (deviation + 1e-4), deviation[:, 0] > 1e-6


def shares(terms: Tensor, there: Tensor) -> Tensor:
    """What each term carries of the rewards' variance within their lists: covariance with the reward over its variance.

    Args:
        terms: [4, l, g].
        there: [l, g] bool.

    Returns:
        [5]: the four covariances and the variance, summed over the lists; sums of several steps and processes may be added
        before dividing. The four shares add up to 1; one below 0 works against the others.
    """
    count = there.sum(1, keepdim=True).clamp(min=1)
    away = (terms - (terms * there).sum(2, keepdim=True) / count) * there
    total = away.sum(0)
    return torch.cat([(away * total).sum((1, 2)), total.square().sum()[None]])
