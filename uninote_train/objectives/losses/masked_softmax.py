"""Scores and soft labels over a row's own candidates -> log-probabilities."""

import torch
from torch import Tensor

OUT = -1e9
"""In place of the score of what is no candidate: its probability is 0 and its logarithm is finite."""


def log_softmax(scores: Tensor, there: Tensor, temperature: float) -> Tensor:
    """Log of softmax(scores / temperature) over the candidates that are there.

    Args:
        scores: [b, k], cosines or soft labels.
        there: [b, k] bool.
        temperature: divides the scores.

    Returns:
        [b, k] in nats; a large negative number where there is no candidate.
    """
    return torch.log_softmax((scores / temperature).masked_fill(~there, OUT), dim=-1)


def labelled(labels: Tensor, there: Tensor) -> tuple[Tensor, Tensor]:
    """What a divergence can be taken over: candidates with a label, in rows whose positive has one and one other has.

    Args:
        labels: [b, k], the positive first; NaN where there is none.
        there: [b, k] bool.

    Returns:
        ([b, k] bool: candidates that count, [b] bool: rows that count). In a row that does not, all candidates that are there
        are kept, so that its numbers stay finite.
    """
    known = there & ~labels.isnan()
    rows = known[:, 0] & (known.sum(1) > 1)
    return torch.where(rows[:, None], known, there), rows
