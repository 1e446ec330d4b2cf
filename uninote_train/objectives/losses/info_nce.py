"""InfoNCE: the positive against a row's own candidates and its in-batch negatives."""

import torch
from torch import Tensor

from uninote_train.objectives.losses.in_batch_negatives import within_margin
from uninote_train.objectives.losses.masked_softmax import MASKED_SCORE


def info_nce(scores: Tensor, candidates: Tensor, negatives: Tensor, *, temperature: float, margin: float | None) -> Tensor:
    """Cross-entropy of the positive, per row.

    A row's own candidates are always negatives, whatever their component and score: mining has filtered them for false
    negatives, and a rule-made one is taken from the query's own note on purpose.

    Args:
        scores: [b, d] cosines to every document of the batch.
        candidates: [b, k] int64, columns of `scores`, the positive first; negative where there is none.
        negatives: [b, d] bool, the row's in-batch negatives (`in_batch_negatives_mask`).
        temperature: divides the cosines.
        margin: in-batch documents that score higher than the positive by more are left out; None: none is.

    Returns:
        [b] in nats.

    Source: van den Oord et al. 2018, equation 4 (arXiv:1807.03748).
    """
    positive = candidates[:, :1]
    positive_score = scores.gather(1, positive)
    if margin is not None:
        negatives = negatives & within_margin(scores, positive_score[:, 0], margin)
    is_candidate = candidates >= 0
    # a missing index is replaced by the positive's, which is in the sum anyway
    own = torch.zeros_like(negatives).scatter(1, torch.where(is_candidate, candidates, positive), True)
    logits = (scores / temperature).masked_fill(~(negatives | own), MASKED_SCORE)
    return torch.logsumexp(logits, 1) - positive_score[:, 0] / temperature
