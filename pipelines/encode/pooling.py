"""Hidden states of a padded batch -> one vector an item."""

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor

from pipelines.encode.preset import Pooling


def pool(states: Tensor, mask: Tensor, how: Pooling) -> Tensor:
    """One state an item.

    Args:
        states: [b, t, d], the last layer's.
        mask: [b, t], 1 where there is a token; padding may lie on either side.
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
        seen = mask[:, :, None].float()
        return (states.float() * seen).sum(1) / seen.sum(1).clamp(min=1)
    raise ValueError(f"pooling '{how}' is not one of tokens: last, mean, cls")


def unit(vectors: Tensor, dimensions: int = 0) -> npt.NDArray[np.float32]:
    """[b, d] -> [b, dimensions or d] float32 rows of unit length, on the processor. Source of the cut: arXiv:2205.13147."""
    kept = vectors[:, :dimensions] if dimensions else vectors
    return F.normalize(kept.float(), dim=-1).cpu().numpy()


def positions(mask: Tensor) -> Tensor:
    """[b, t] the number of each token, from 0, whatever side the padding is on."""
    return (mask.cumsum(-1) - 1).clamp(min=0)
