"""Matryoshka: the first k dimensions are a vector of their own. Source: Kusupati et al. 2022 (arXiv:2205.13147)."""

from collections.abc import Sequence

import torch.nn.functional as F
from torch import Tensor

from schemas.errors import SettingsError


def shortened(vectors: Tensor, dimensions: int) -> Tensor:
    """[n, d] -> [n, dimensions], brought to unit length again."""
    return vectors if dimensions == vectors.shape[1] else F.normalize(vectors[:, :dimensions], dim=-1)


def usable(dims: Sequence[int], has: int) -> tuple[int, ...]:
    """The dimensions that a model is trained at: those of `dims` that it has, rising.

    Raises:
        SettingsError: it has none of them.
    """
    found = tuple(sorted({d for d in dims if 0 < d <= has}))
    if not found:
        raise SettingsError(f"loss.dims {list(dims)}: the model's vectors have {has} dimensions; name some between 1 and {has}")
    return found
