"""Items of several lengths as one batch."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor


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
