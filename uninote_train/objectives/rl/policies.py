"""Policies over a list: how the advantages become a loss that has a gradient.

Read literally, the paper's objective is one log-probability of the whole list times advantages that sum to zero: nothing.
Three forms do have a gradient. `item_softmax`: a candidate's probability is its share of the softmax over the list.
`positive_advantage`: the same, but only what is better than the list's mean is pulled up; PAO (CIKM 2026) found that pushing
down as well ruins a frozen index. `plackett_luce`: whole rankings are sampled and the better ones made more likely.
"""

import torch
from torch import Tensor

from uninote_train.objectives.losses.masked_softmax import OUT, log_softmax


def item_softmax(log_policy: Tensor, advantage: Tensor) -> Tensor:
    """- sum of A_i log pi_i, a list. [l, g], [l, g] -> [l]; the gradient in a score is pi_i sum(A) - A_i = - A_i, over tau."""
    return -(advantage * log_policy).sum(1)


def positive_advantage(log_policy: Tensor, advantage: Tensor) -> Tensor:
    """The same over candidates with A_i > 0. Source: PAO, CIKM 2026."""
    return item_softmax(log_policy, advantage.clamp(min=0))


def sampled_rankings(scores: Tensor, there: Tensor, gumbel: Tensor, temperature: float) -> Tensor:
    """Rankings drawn from Plackett-Luce without replacement: sorted by score / temperature + Gumbel noise.

    Args:
        scores: [l, g].
        there: [l, g] bool.
        gumbel: [l, s, g] standard Gumbel noise.
        temperature: divides the scores.

    Returns:
        [l, s, g] int64: the candidate at each place; those that are not there come last.

    Source: Kool, van Hoof, Welling 2019 (arXiv:1903.06059), section 3.
    """
    noisy = (scores.detach()[:, None] / temperature + gumbel).masked_fill(~there[:, None], -torch.inf)
    return noisy.argsort(dim=-1, descending=True, stable=True)


def log_ranking(scores: Tensor, there: Tensor, rankings: Tensor, temperature: float) -> Tensor:
    """log-probability of whole rankings under Plackett-Luce.

    Args:
        scores: [l, g].
        there: [l, g] bool.
        rankings: [l, s, g], candidates that are not there last.
        temperature: divides the scores.

    Returns:
        [l, s] in nats: the sum over places of s_place / tau - logsumexp over the places from there on.
    """
    held = (scores / temperature).masked_fill(~there, OUT)
    placed = held[:, None].expand(rankings.shape).gather(2, rankings)
    left = placed.flip(2).logcumsumexp(2).flip(2)
    counts = there[:, None].expand(rankings.shape).gather(2, rankings)
    return ((placed - left) * counts).sum(2)


def clipped(log_new: Tensor, log_old: Tensor, advantage: Tensor, width: float) -> Tensor:
    """- mean over rankings of min(rho A, clip(rho, 1 - width, 1 + width) A), a list. [l, s] x 3 -> [l].

    rho is the ratio of a ranking's probability now and when it was drawn: 1 in the first update on a batch, whose gradient is
    that of A log pi; it limits the later ones. Source: Schulman et al. 2017 (arXiv:1707.06347), equation 7.
    """
    ratio = (log_new - log_old.detach()).exp()
    return -torch.minimum(ratio * advantage, ratio.clamp(1 - width, 1 + width) * advantage).mean(1)


def distance_to(scores: Tensor, reference: Tensor, there: Tensor, temperature: float) -> Tensor:
    """KL(pi || pi_ref) over a list's candidates, exact. [l, g] cosines of both models -> [l] in nats."""
    now, before = (log_softmax(s, there, temperature) for s in (scores, reference.detach()))
    return (now.exp() * (now - before)).sum(1)
