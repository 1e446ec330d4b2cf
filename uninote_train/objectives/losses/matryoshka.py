"""Matryoshka: the first k dimensions are a vector of their own. Source: Kusupati et al. 2022 (arXiv:2205.13147)."""

from collections.abc import Sequence

import torch.nn.functional as F
from torch import Tensor

from schemas.errors import SettingsError

SHORTEST = 0.01
"""Norm below which a prefix of a unit vector counts as having no direction. Ours: the first 16 of 4096 equal dimensions have
norm 0.06. It bounds the gradient's growth by its inverse; with torch's 1e-12 one row of zeros would dominate the batch."""


def truncate_dimensions(vectors: Tensor, dimensions: int) -> Tensor:
    """Keep the first dimensions and normalise again: [n, d] -> [n, dimensions]. The norm is taken as at least SHORTEST."""
    return vectors if dimensions == vectors.shape[1] else F.normalize(vectors[:, :dimensions], dim=-1, eps=SHORTEST)


def usable(dims: Sequence[int], size: int) -> tuple[int, ...]:
    """The dimensions that a model is trained at: those of `dims` that it has, in ascending order.

    Raises:
        SettingsError: it has none of them.
    """
    kept = tuple(sorted({d for d in dims if 0 < d <= size}))
    if not kept:
        raise SettingsError(
            f"loss.dims {list(dims)}: the model's vectors have {size} dimensions; expected some between 1 and {size}"
        )
    return kept
