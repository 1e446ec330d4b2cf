"""Divergences between the model's distribution P and the soft labels' Q over a row's candidates, in nats.

The paper calls its loss a Jensen-Shannon divergence, but its formula is half of Jeffreys' divergence. Both are here, each
under its own name. The symmetric KL has no bound: where P is nearly 0 and Q is not, the loss and its gradient grow with the
logarithm. The true JS is at most ln 2, and its gradient vanishes where P and Q hardly overlap.
"""

import math
from collections.abc import Callable

import torch
from torch import Tensor

Divergence = Callable[[Tensor, Tensor], Tensor]
"""(log P [b, k], log Q [b, k]) -> [b]."""


def kl(log_p: Tensor, log_q: Tensor) -> Tensor:
    """KL(P || Q) = sum of P (log P - log Q) per row. [b, k], [b, k] -> [b]."""
    return (log_p.exp() * (log_p - log_q)).sum(-1)


def symmetric_kl(log_p: Tensor, log_q: Tensor) -> Tensor:
    """(KL(P || Q) + KL(Q || P)) / 2. Source: UniNote, equation 8, called JS there; UniME-V2's code has the same."""
    return (kl(log_p, log_q) + kl(log_q, log_p)) / 2


def true_js(log_p: Tensor, log_q: Tensor) -> Tensor:
    """(KL(P || M) + KL(Q || M)) / 2 with the mixture M = (P + Q) / 2; between 0 and ln 2. Source: Lin 1991, equation 4.1."""
    log_m = torch.logaddexp(log_p, log_q) - math.log(2)
    return (kl(log_p, log_m) + kl(log_q, log_m)) / 2
