"""Matryoshka: the first k dimensions are a vector of their own. Source: Kusupati et al. 2022 (arXiv:2205.13147)."""

from collections.abc import Sequence

import torch.nn.functional as F
from torch import Tensor

SHORTEST = 0.01
"""Norm below which a prefix of a unit vector counts as having no direction. Ours: the first 16 of 4096 equal dimensions have
norm 0.06. It bounds the gradient's growth by its inverse; with torch's 1e-12 one row of zeros would dominate the batch."""


def truncate_dimensions(vectors: Tensor, dimensions: int) -> Tensor:
    """Keep the first dimensions and normalise again: [n, d] -> [n, dimensions]. The norm is taken as at least SHORTEST."""
    return vectors if dimensions == vectors.shape[1] else F.normalize(vectors[:, :dimensions], dim=-1, eps=SHORTEST)


def usable(dims: Sequence[int], size: int) -> tuple[int, ...]:
    """The dimensions that a model is trained at, ascending: those of `dims` that it has, and always all of them.

    Without the whole vector the dimensions behind the last of `dims` would have no gradient.
    """
    return tuple(sorted({d for d in dims if d < size} | {size}))
