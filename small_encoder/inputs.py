"""An item's pictures and words as the network reads them, and items -> vectors: the same code in training and in use."""

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
from small_encoder.hashed_text import FEATURES, Features, segments
from small_encoder.network import Shape, SmallNet
from small_encoder.pixels import Pixels

Number = TypeVar("Number", bound=np.generic)

PICTURE_TOKENS = 144
"""The cost of a picture in text tokens: its 12 x 12 fields (an eighth of the side) take about as long."""


@dataclass(frozen=True, slots=True)
class NetworkInput:
    """The pictures and hashed words of one item."""

    pictures: npt.NDArray[np.uint8]
    """[n, side, side, 3]."""
    words: Features
    """[t, FEATURES], of all pieces one after the other."""
    pieces: npt.NDArray[np.int32]
    """[p], tokens of each piece; their sum is t."""

    @property
    def empty(self) -> bool:
        """Whether it has neither a picture nor a token."""
        return not len(self.pictures) and not len(self.pieces)

    @property
    def length(self) -> int:
        """The cost of the item in tokens."""
        return PICTURE_TOKENS * len(self.pictures) + len(self.words)


def network_input(images: Sequence[Pixels], text: str, shape: Shape) -> NetworkInput:
    """Squeeze pictures to squares and hash the words of each line.

    Args:
        images: [h, w, 3] each.
        text: "" where there is none.
        shape: of the network.
    """
    squares = [_square(p, shape.side) for p in images]
    pieces = segments(text, shape.buckets, shape.longest, shape.pieces)
    stacked = np.stack(squares) if squares else np.empty((0, shape.side, shape.side, 3), np.uint8)
    words = np.concatenate(pieces) if pieces else np.empty((0, FEATURES), np.int32)
    return NetworkInput(stacked, words, np.array([len(p) for p in pieces], np.int32))


@dataclass(frozen=True, slots=True)
class PackedItems:
    """Items of one batch, each distinct picture and piece of text once.

    So a note and the same note without a part cost hardly more than one note.
    """

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

    def to(self, device: torch.device) -> "PackedItems":
        """A copy on a device."""
        return PackedItems(*(getattr(self, name).to(device) for name in self.__dataclass_fields__))


def pack(items: Sequence[NetworkInput]) -> PackedItems:
    """Items as CPU tensors. `items`: at least one, none of them empty."""
    picture_index: dict[bytes, int] = {}
    piece_index: dict[bytes, int] = {}
    pixels: list[Pixels] = []
    words: list[Features] = []
    item_pictures = [[_index_of(picture_index, pixels, picture) for picture in item.pictures] for item in items]
    item_pieces = [[_index_of(piece_index, words, piece) for piece in _pieces(item)] for item in items]
    elements = [[len(pixels) + n for n in lines] + images for images, lines in zip(item_pictures, item_pieces, strict=True)]
    return PackedItems(
        torch.from_numpy(np.stack(pixels) if pixels else items[0].pictures),
        torch.from_numpy(np.concatenate(words) if words else items[0].words),
        torch.tensor([len(piece) for piece in words], dtype=torch.int64),
        torch.tensor([n for item in elements for n in item], dtype=torch.int64),
        torch.tensor([len(item) for item in elements], dtype=torch.int64),
    )


def slice_items(packed: PackedItems, start: int, end: int) -> PackedItems:
    """The items from `start` up to `end`, without it, and only their pictures and pieces."""
    first, last = int(packed.counts[:start].sum()), int(packed.counts[:end].sum())
    used, elements = torch.unique(packed.elements[first:last], return_inverse=True)
    picture_count = len(packed.pictures)
    pieces = used[used >= picture_count] - picture_count
    lines = torch.split(packed.words, packed.pieces.tolist())
    return PackedItems(
        packed.pictures[used[used < picture_count]],
        torch.cat([lines[n] for n in pieces.tolist()]) if len(pieces) else packed.words[:0],
        packed.pieces[pieces],
        elements,
        packed.counts[start:end],
    )


def embed(net: SmallNet, packed: PackedItems) -> Tensor:
    """Vectors of items: [items, d], rows of unit length.

    An item of a single picture or piece has that element's vector; one of several elements has the pool's.

    Args:
        net: with its batch norms in evaluation mode, or an item's vector depends on the others.
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


def _index_of(index: dict[bytes, int], unique: list[npt.NDArray[Number]], array: npt.NDArray[Number]) -> int:
    """The position of an equal array in `unique`, which it is appended to if it is new."""
    position = index.setdefault(array.tobytes(), len(unique))
    if position == len(unique):
        unique.append(array)
    return position


def _pieces(item: NetworkInput) -> list[Features]:
    return np.split(item.words, np.cumsum(item.pieces))[:-1]


def _square(pixels: Pixels, side: int) -> Pixels:
    shrinks = min(pixels.shape[:2]) > side
    return np.asarray(cv2.resize(pixels, (side, side), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR), np.uint8)
