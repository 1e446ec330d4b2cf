"""Matryoshka: the first k dimensions are a vector of their own. Source: Kusupati et al. 2022 (arXiv:2205.13147)."""

from collections.abc import Sequence

import torch.nn.functional as F
from torch import Tensor

from schemas.errors import SettingsError

SHORTEST = 0.01
"""Length below which a prefix of a unit vector counts as having no direction. Ours: of 4096 equal dimensions the first 16 have
0.06. A gradient grows by at most its inverse; by torch's 1e-12 one row of zeros would outweigh every other of the batch."""


def shortened(vectors: Tensor, dimensions: int) -> Tensor:
    """[n, d] of unit length -> [n, dimensions], brought to unit length again; a prefix below SHORTEST is divided by that."""
    return vectors if dimensions == vectors.shape[1] else F.normalize(vectors[:, :dimensions], dim=-1, eps=SHORTEST)


def usable(dims: Sequence[int], has: int) -> tuple[int, ...]:
    """The dimensions that a model is trained at: those of `dims` that it has, rising.

    Raises:
        SettingsError: it has none of them.
    """
    found = tuple(sorted({d for d in dims if 0 < d <= has}))
    if not found:
        raise SettingsError(f"loss.dims {list(dims)}: the model's vectors have {has} dimensions; name some between 1 and {has}")
    return found
