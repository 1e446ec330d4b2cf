"""Hidden states of a padded batch -> one vector an item."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor

from pipelines.encode.spec import Pooling


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


def padded(rows: Sequence[npt.NDArray[Any]], fill: int, side: str) -> Tensor:
    """Rows of whole numbers [t] as one [b, longest] int64, filled up on one side."""
    longest = max(len(r) for r in rows)
    out = np.full((len(rows), longest), fill, np.int64)
    for n, row in enumerate(rows):
        start = longest - len(row) if side == "left" else 0
        out[n, start : start + len(row)] = row
    return torch.from_numpy(out)


def mask_of(rows: Sequence[npt.NDArray[Any]], side: str) -> Tensor:
    """[b, longest] int64, 1 where `padded` has a token."""
    return padded([np.ones(len(r), np.int64) for r in rows], 0, side)


def positions(mask: Tensor) -> Tensor:
    """[b, t] the number of each token, from 0, whatever side the padding is on."""
    return (mask.cumsum(-1) - 1).clamp(min=0)


def joined(items: Sequence[Mapping[str, npt.NDArray[Any]]], key: str) -> Tensor | None:
    """The items' arrays under `key`, one after the other along the first axis; None where no item has one.

    Pictures cut in a varying number of tiles ([n, tiles, c, h, w], LLaVA-NeXT) are filled up with zeros to the most.
    """
    found = [i[key] for i in items if key in i]
    if not found:
        return None
    if found[0].ndim == 5:
        most = max(a.shape[1] for a in found)
        found = [np.pad(a, [(0, 0), (0, most - a.shape[1])] + [(0, 0)] * 3) for a in found]
    return torch.from_numpy(np.concatenate(found))
