"""Two-tower models: an item's pictures and words have vectors of their own; a note is the mean of both."""

from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from pipelines.encode.protocol import Prepared


def mean_of_elements(batch: Sequence[Prepared], pictures: Tensor | None, texts: Tensor | None) -> Tensor:
    """One vector an item, not yet of unit length.

    An item with pictures and words is the sum of the two means, of its pictures' unit vectors
    and its text's: both count alike, however many pictures there are. Source: score fusion of
    UniIR (Wei et al. 2023, arXiv:2311.17136, section 4), with weights of one.

    Args:
        batch: items with an array `pictures` [n, ...] or `text` [1, ...] or both.
        pictures: [all pictures of the batch, d], or None where there is none.
        texts: [all texts of the batch, d], or None.
    """
    seen = iter(F.normalize(pictures.float(), dim=-1) if pictures is not None else ())
    read = iter(F.normalize(texts.float(), dim=-1) if texts is not None else ())
    out = []
    for item in batch:
        shown = [next(seen) for _ in range(len(item.arrays.get("pictures", ())))]
        said = [next(read)] if "text" in item.arrays else []
        out.append(sum([torch.stack(part).mean(0) for part in (shown, said) if part], torch.zeros(())))
    return torch.stack(out)


def stacked(batch: Sequence[Prepared], key: str) -> Tensor | None:
    """The batch's arrays under `key` along the first axis; None where there is none."""
    found = [b.arrays[key] for b in batch if len(b.arrays.get(key, ()))]
    return torch.from_numpy(np.concatenate(found)) if found else None
