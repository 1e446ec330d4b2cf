"""Policies over a list: how advantages become a loss with a gradient.

Read literally, the paper's objective is one log-probability of the whole list times advantages that sum to zero, which is
zero. Three forms do have a gradient. `item_softmax`: a candidate's probability is its share of the softmax over the list.
`positive_advantage`: the same, but only candidates above the list's mean are pulled up; PAO (CIKM 2026) found that pushing
others down ruins a frozen index. `plackett_luce`: whole rankings are sampled and the better ones made more likely.
"""

import torch
from torch import Tensor

from uninote_train.objectives.losses.masked_softmax import MASKED_SCORE, log_softmax


def item_softmax(log_policy: Tensor, advantage: Tensor) -> Tensor:
    """Minus the sum of A_i log pi_i, per list. [l, g], [l, g] -> [l].

    The gradient in a score is (pi_i sum(A) - A_i) / tau = -A_i / tau, since advantages sum to zero.
    """
    return -(advantage * log_policy).sum(1)


def positive_advantage(log_policy: Tensor, advantage: Tensor) -> Tensor:
    """`item_softmax` over candidates with A_i > 0. Source: PAO, CIKM 2026."""
    return item_softmax(log_policy, advantage.clamp(min=0))


def sample_rankings(scores: Tensor, is_candidate: Tensor, gumbel: Tensor, temperature: float) -> Tensor:
    """Sample rankings from Plackett-Luce without replacement: sort by score / temperature + Gumbel noise.

    Args:
        scores: [l, g].
        is_candidate: [l, g] bool.
        gumbel: [l, s, g] standard Gumbel noise.
        temperature: divides the scores.

    Returns:
        [l, s, g] int64: the index of the candidate at each rank; padding comes last.

    Source: Kool, van Hoof, Welling 2019 (arXiv:1903.06059), section 3.
    """
    noisy = (scores.detach()[:, None] / temperature + gumbel).masked_fill(~is_candidate[:, None], -torch.inf)
    return noisy.argsort(dim=-1, descending=True, stable=True)


def log_ranking(scores: Tensor, is_candidate: Tensor, rankings: Tensor, temperature: float) -> Tensor:
    """log-probability of whole rankings under Plackett-Luce.

    Args:
        scores: [l, g].
        is_candidate: [l, g] bool.
        rankings: [l, s, g], padding last.
        temperature: divides the scores.

    Returns:
        [l, s] in nats: the sum over ranks r of s_r / tau - logsumexp of the scores at ranks r and below.
    """
    logits = (scores / temperature).masked_fill(~is_candidate, MASKED_SCORE)
    ordered = logits[:, None].expand(rankings.shape).gather(2, rankings)
    log_remaining = ordered.flip(2).logcumsumexp(2).flip(2)
    mask = is_candidate[:, None].expand(rankings.shape).gather(2, rankings)
    return ((ordered - log_remaining) * mask).sum(2)


def clipped_policy_loss(log_new: Tensor, log_old: Tensor, advantage: Tensor, width: float) -> Tensor:
    """Minus the mean over rankings of min(rho A, clip(rho, 1 - width, 1 + width) A), per list. [l, s] x 3 -> [l].

    rho is a ranking's probability now over its probability when it was sampled. It is 1 in the first update on a batch, whose
    gradient is that of A log pi; the clip limits later updates. Source: Schulman et al. 2017 (arXiv:1707.06347), equation 7.
    """
    ratio = (log_new - log_old.detach()).exp()
    return -torch.minimum(ratio * advantage, ratio.clamp(1 - width, 1 + width) * advantage).mean(1)


def kl_to_reference(scores: Tensor, reference: Tensor, is_candidate: Tensor, temperature: float) -> Tensor:
    """KL(pi || pi_ref) over a list's candidates, exact. [l, g] cosines of both models -> [l] in nats."""
    now, before = (log_softmax(s, is_candidate, temperature) for s in (scores, reference.detach()))
    return (now.exp() * (now - before)).sum(1)


def lists_as_info_nce(scores: Tensor, is_candidate: Tensor, relevant: Tensor, temperature: float) -> tuple[Tensor, Tensor]:
    """The control without a reward: each relevant candidate against the list's noise, as a row of InfoNCE.

    Args:
        scores: [l, g] cosines, in the true order.
        is_candidate: [l, g] bool.
        relevant: [l] int64: the first so many are relevant.
        temperature: divides the scores.

    Returns:
        ([l] in nats, the mean over the relevant ones; [l] bool, lists with relevant ones and noise).
    """
    good = is_candidate & (torch.arange(scores.shape[1], device=scores.device) < relevant[:, None])
    noise = is_candidate & ~good
    logits = scores / temperature
    against = torch.logsumexp(logits.masked_fill(~noise, MASKED_SCORE), 1)[:, None]
    losses = torch.logaddexp(logits, against) - logits
    return (losses * good).sum(1) / good.sum(1).clamp(min=1), good.any(1) & noise.any(1)
