"""An item's pictures and words as the network reads them, and items -> vectors: one way for training and for use."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import cv2
import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from small_encoder import batching
from small_encoder.batching import Pixels
from small_encoder.hashed_text import FEATURES, Features, segments
from small_encoder.network import Shape, SmallNet

Number = TypeVar("Number", bound=np.generic)

PICTURE_TOKENS = 144
"""What a picture costs beside a text's tokens: its fields at an eighth of the side (12 x 12) take about as long."""


@dataclass(frozen=True, slots=True)
class Shown:
    """What the network gets to see of an item."""

    pictures: npt.NDArray[np.uint8]
    """[n, side, side, 3]."""
    words: Features
    """[t, FEATURES], of all pieces one after the other."""
    pieces: npt.NDArray[np.int32]
    """[p] tokens of each piece; they add up to t."""

    @property
    def empty(self) -> bool:
        """Neither a picture nor a token."""
        return not len(self.pictures) and not len(self.pieces)

    @property
    def length(self) -> int:
        """What the item costs, in tokens."""
        return PICTURE_TOKENS * len(self.pictures) + len(self.words)


def shown(images: Sequence[Pixels], text: str, shape: Shape) -> Shown:
    """Pictures squeezed to squares, lines as hashed words.

    Args:
        images: [h, w, 3] each.
        text: "" where there is none.
        shape: of the network.
    """
    squares = [_square(p, shape.side) for p in images]
    pieces = segments(text, shape.buckets, shape.longest, shape.pieces)
    stacked = np.stack(squares) if squares else np.empty((0, shape.side, shape.side, 3), np.uint8)
    words = np.concatenate(pieces) if pieces else np.empty((0, FEATURES), np.int32)
    return Shown(stacked, words, np.array([len(p) for p in pieces], np.int32))


@dataclass(frozen=True, slots=True)
class Packed:
    """Items of one batch; each distinct picture and piece once: a note and the same note without a part cost one note."""

    pictures: Tensor
    """[p, side, side, 3] uint8."""
    words: Tensor
    """[t, FEATURES] int32, of all pieces one after the other."""
    pieces: Tensor
    """[q] int64, tokens of each piece."""
    elements: Tensor
    """[e] int64, of all items one after the other: n < p is picture n, any other piece n - p."""
    counts: Tensor
    """[items] int64, elements of each item."""

    def to(self, device: torch.device) -> "Packed":
        """The same on a device."""
        return Packed(*(getattr(self, name).to(device) for name in self.__dataclass_fields__))


def pack(items: Sequence[Shown]) -> Packed:
    """Items as tensors on the processor. `items`: at least one, none of them empty."""
    pictures: dict[bytes, int] = {}
    pieces: dict[bytes, int] = {}
    pixels: list[Pixels] = []
    words: list[Features] = []
    seen = [[_place(pictures, pixels, picture) for picture in item.pictures] for item in items]
    read = [[_place(pieces, words, piece) for piece in _pieces(item)] for item in items]
    elements = [[len(pixels) + n for n in told] + shown for shown, told in zip(seen, read, strict=True)]
    return Packed(
        torch.from_numpy(np.stack(pixels) if pixels else items[0].pictures),
        torch.from_numpy(np.concatenate(words) if words else items[0].words),
        torch.tensor([len(piece) for piece in words], dtype=torch.int64),
        torch.tensor([n for item in elements for n in item], dtype=torch.int64),
        torch.tensor([len(item) for item in elements], dtype=torch.int64),
    )


def part(packed: Packed, start: int, end: int) -> Packed:
    """The items from `start` to before `end`, with the pictures and pieces that they show."""
    first, last = int(packed.counts[:start].sum()), int(packed.counts[:end].sum())
    used, elements = torch.unique(packed.elements[first:last], return_inverse=True)
    shown = len(packed.pictures)
    told = used[used >= shown] - shown
    lines = torch.split(packed.words, packed.pieces.tolist())
    return Packed(
        packed.pictures[used[used < shown]],
        torch.cat([lines[n] for n in told.tolist()]) if len(told) else packed.words[:0],
        packed.pieces[told],
        elements,
        packed.counts[start:end],
    )


def embed(net: SmallNet, packed: Packed) -> Tensor:
    """[items, d] rows of unit length: an item of one picture or one piece is that element's vector; of more, the pool's.

    Args:
        net: its batch norms in use, not in training, or an item's vector depends on the others.
        packed: on the network's device.
    """
    towers = []
    if len(packed.pictures):
        towers.append(F.normalize(net.pictures(packed.pictures), dim=-1))
    if len(packed.pieces):
        towers.append(batching.texts(net, torch.split(packed.words, packed.pieces.tolist())))
    vectors = torch.cat(towers)
    items = list(torch.split(packed.elements, packed.counts.tolist()))
    padded = pad_sequence(items, batch_first=True)
    present = torch.arange(padded.shape[1], device=padded.device) < packed.counts[:, None]
    kinds = torch.where(padded < len(packed.pictures), batching.PICTURE, batching.TEXT)
    pooled = F.normalize(net.note(vectors[padded], kinds, present), dim=-1)
    return torch.where(packed.counts[:, None] == 1, vectors[padded[:, 0]], pooled)


def _place(known: dict[bytes, int], kept: list[npt.NDArray[Number]], one: npt.NDArray[Number]) -> int:
    place = known.setdefault(one.tobytes(), len(kept))
    if place == len(kept):
        kept.append(one)
    return place


def _pieces(item: Shown) -> list[Features]:
    return np.split(item.words, np.cumsum(item.pieces))[:-1]


def _square(pixels: Pixels, side: int) -> Pixels:
    shrinks = min(pixels.shape[:2]) > side
    return np.asarray(cv2.resize(pixels, (side, side), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR), np.uint8)
