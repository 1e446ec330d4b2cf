"""Padding: items of several lengths as one batch."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor


def padded(rows: Sequence[npt.NDArray[Any]], fill: int, side: str) -> Tensor:
    """Pad integer rows [t] to one [b, longest] int64 tensor, on the side "left" or "right"."""
    longest = max(len(r) for r in rows)
    out = np.full((len(rows), longest), fill, np.int64)
    for n, row in enumerate(rows):
        start = longest - len(row) if side == "left" else 0
        out[n, start : start + len(row)] = row
    return torch.from_numpy(out)


def mask_of(rows: Sequence[npt.NDArray[Any]], side: str) -> Tensor:
    """Attention mask of `padded`: [b, longest] int64, 1 for a token."""
    return padded([np.ones(len(r), np.int64) for r in rows], 0, side)


def joined(items: Sequence[Mapping[str, npt.NDArray[Any]]], key: str) -> Tensor | None:
    """Concatenate the items' arrays under `key` along the first axis; None if no item has one.

    Pictures of different numbers of tiles ([n, tiles, c, h, w], LLaVA-NeXT) are padded with zeros to the largest.
    """
    arrays = [i[key] for i in items if key in i]
    if not arrays:
        return None
    if arrays[0].ndim == 5:
        most = max(a.shape[1] for a in arrays)
        arrays = [np.pad(a, [(0, 0), (0, most - a.shape[1])] + [(0, 0)] * 3) for a in arrays]
    return torch.from_numpy(np.concatenate(arrays))
