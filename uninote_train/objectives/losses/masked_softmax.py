"""Scores and soft labels over a row's own candidates -> log-probabilities."""

import torch
from torch import Tensor

MASKED_SCORE = -1e9
"""Replaces the score where there is no candidate: the probability is 0 and its logarithm is finite."""


def log_softmax(scores: Tensor, is_candidate: Tensor, temperature: float | Tensor) -> Tensor:
    """Log of softmax(scores / temperature) over the candidates of each row.

    Args:
        scores: [b, k], cosines or soft labels.
        is_candidate: [b, k] bool.
        temperature: divides the scores; [b]: one for each row.

    Returns:
        [b, k] in nats; a large negative number where there is no candidate.
    """
    divisor = temperature[:, None] if isinstance(temperature, Tensor) else temperature
    return torch.log_softmax((scores / divisor).masked_fill(~is_candidate, MASKED_SCORE), dim=-1)


def label_masks(labels: Tensor, is_candidate: Tensor) -> tuple[Tensor, Tensor]:
    """Masks for a divergence: labelled candidates, and rows with a label for the positive and at least one other.

    Args:
        labels: [b, k], the positive first; NaN where there is none.
        is_candidate: [b, k] bool.

    Returns:
        ([b, k] bool: labelled candidates, [b] bool: rows that count). In a row that does not count the first mask has all
        candidates, so that its numbers stay finite.
    """
    labelled = is_candidate & ~labels.isnan()
    rows = labelled[:, 0] & (labelled.sum(1) > 1)
    return torch.where(rows[:, None], labelled, is_candidate), rows
