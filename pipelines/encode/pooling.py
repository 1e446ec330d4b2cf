"""Pooling: hidden states of a padded batch -> one vector for each item."""

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor

from pipelines.encode.preset import Pooling


def pool(states: Tensor, mask: Tensor, how: Pooling) -> Tensor:
    """Pool one state for each item.

    Args:
        states: [b, t, d], the last layer's.
        mask: [b, t], 1 for a token; padding may be on either side.
        how: last, mean or cls.

    Returns:
        [b, d], in the type of the states (means are taken in float32).
    """
    rows = torch.arange(len(states), device=states.device)
    if how == "last":
        return states[rows, mask.shape[1] - 1 - mask.flip(1).long().argmax(1)]
    if how == "cls":
        return states[rows, mask.long().argmax(1)]
    if how == "mean":
        weights = mask[:, :, None].float()
        return (states.float() * weights).sum(1) / weights.sum(1).clamp(min=1)
    raise ValueError(f"pooling is '{how}', expected last, mean or cls")


def unit(vectors: Tensor, dimensions: int = 0) -> npt.NDArray[np.float32]:
    """Normalise: [b, d] -> [b, dimensions or d] float32 rows of unit length, on the CPU. Truncation: arXiv:2205.13147."""
    truncated = vectors[:, :dimensions] if dimensions else vectors
    return F.normalize(truncated.float(), dim=-1).cpu().numpy()


def positions(mask: Tensor) -> Tensor:
    """[b, t] the position of each token, from 0, for padding on either side."""
    return (mask.cumsum(-1) - 1).clamp(min=0)
