"""Score fusion for two-tower models: pictures and texts have vectors of their own; a note is the mean of both."""

from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from pipelines.encode.protocol import Prepared


def mean_of_elements(batch: Sequence[Prepared], pictures: Tensor | None, texts: Tensor | None) -> Tensor:
    """Combine the vectors of pictures and texts to one vector for each item, not yet of unit length.

    An item with pictures and text is the sum of two means, of its pictures' unit vectors
    and of its text's: both count equally, however many pictures there are. Source: score fusion of
    UniIR (Wei et al. 2023, arXiv:2311.17136, section 4), with weights of one.

    Args:
        batch: items with an array `pictures` [n, ...] or `text` [1, ...] or both.
        pictures: [all pictures of the batch, d], or None without pictures.
        texts: [all texts of the batch, d], or None.
    """
    picture_vectors = iter(F.normalize(pictures.float(), dim=-1) if pictures is not None else ())
    text_vectors = iter(F.normalize(texts.float(), dim=-1) if texts is not None else ())
    out = []
    for item in batch:
        own_pictures = [next(picture_vectors) for _ in range(len(item.arrays.get("pictures", ())))]
        own_text = [next(text_vectors)] if "text" in item.arrays else []
        out.append(sum([torch.stack(part).mean(0) for part in (own_pictures, own_text) if part], torch.zeros(())))
    return torch.stack(out)


def stacked(batch: Sequence[Prepared], key: str) -> Tensor | None:
    """Concatenate the batch's arrays under `key` along the first axis; None without any."""
    arrays = [b.arrays[key] for b in batch if len(b.arrays.get(key, ()))]
    return torch.from_numpy(np.concatenate(arrays)) if arrays else None
