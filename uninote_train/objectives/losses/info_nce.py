"""InfoNCE: the positive against a row's own candidates and all documents of the batch that may be its negatives."""

import torch
from torch import Tensor

from uninote_train.objectives.losses.in_batch_negatives import outside_margin
from uninote_train.objectives.losses.masked_softmax import OUT


def info_nce(scores: Tensor, candidates: Tensor, negatives: Tensor, *, temperature: float, margin: float | None) -> Tensor:
    """Cross-entropy of the positive, a row.

    A row's own candidates are always its negatives, whatever their component and their score: mining has guarded them, and a
    rule-made one lies in the query's own note on purpose.

    Args:
        scores: [b, d] cosines to every document of the batch.
        candidates: [b, k] int64, columns of `scores`, the positive first; negative where there is none.
        negatives: [b, d] bool, documents that may be negatives (`in_batch.allowed`).
        temperature: divides the cosines.
        margin: in-batch documents that beat the positive by more are left out; None: none is.

    Returns:
        [b] in nats.

    Source: van den Oord et al. 2018, equation 4 (arXiv:1807.03748).
    """
    positive = candidates[:, :1]
    best = scores.gather(1, positive)
    if margin is not None:
        negatives = negatives & outside_margin(scores, best[:, 0], margin)
    there = candidates >= 0
    # whose index is missing is written where the positive is, which counts anyway
    own = torch.zeros_like(negatives).scatter(1, torch.where(there, candidates, positive), True)
    logits = (scores / temperature).masked_fill(~(negatives | own), OUT)
    return torch.logsumexp(logits, 1) - best[:, 0] / temperature
