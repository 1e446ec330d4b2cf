"""Lists of pictures, texts and notes as padded tensors, and the network over them."""

from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from small_encoder.hashed_text import FEATURES, Features
from small_encoder.network import SmallNet
from small_encoder.pixels import Pixels

PICTURE, TEXT = 0, 1
"""Kinds of a note's elements."""


def pictures(net: SmallNet, pixels: Sequence[Pixels]) -> Tensor:
    """Vectors of pictures: [b, d], rows of unit length. `pixels`: squares of one side."""
    device = net.scale.device
    return F.normalize(net.pictures(torch.from_numpy(np.stack(pixels)).to(device)), dim=-1)


TEXTS_PER_CHUNK = 128
"""Pieces of text in one padded array; they are sorted by length first, so that little is padding."""


def texts(net: SmallNet, rows: Sequence[Features | Tensor]) -> Tensor:
    """Vectors of texts: [b, d], rows of unit length; a text without a token gets some fixed vector."""
    order = sorted(range(len(rows)), key=lambda n: len(rows[n]))
    parts = [
        _padded(net, [rows[n] for n in order[start : start + TEXTS_PER_CHUNK]])
        for start in range(0, len(rows), TEXTS_PER_CHUNK)
    ]
    back = torch.tensor(np.argsort(order), device=net.scale.device)
    return torch.cat(parts)[back]


def _padded(net: SmallNet, rows: Sequence[Features | Tensor]) -> Tensor:
    device = net.scale.device
    padded = pad_sequence([torch.as_tensor(row) for row in rows], batch_first=True).long().to(device)
    if not padded.shape[1]:
        padded = padded.new_zeros(len(rows), 1, FEATURES)
    lengths = torch.tensor([len(row) for row in rows], device=device)
    present = torch.arange(padded.shape[1], device=device) < lengths[:, None]
    return F.normalize(net.text(padded, present), dim=-1)


def notes(net: SmallNet, elements: Sequence[Sequence[tuple[Tensor, int]]]) -> Tensor:
    """Vectors of notes: [b, d], rows of unit length.

    Args:
        net: its pool is used.
        elements: for each note its elements' unit vectors [d] with PICTURE or TEXT; at least one.
    """
    longest, device = max(len(e) for e in elements), net.scale.device
    zero = torch.zeros(net.shape.dimensions, device=device)
    vectors = torch.stack([v for e in elements for v in [*(v for v, _ in e), *[zero] * (longest - len(e))]])
    kinds = torch.tensor([[k for _, k in e] + [0] * (longest - len(e)) for e in elements], device=device)
    present = torch.tensor([[n < len(e) for n in range(longest)] for e in elements], device=device)
    return F.normalize(net.note(vectors.view(len(elements), longest, -1), kinds, present), dim=-1)
