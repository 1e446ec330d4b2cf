"""An item's pictures and words as the network reads them, and items -> vectors: one way for training and for use."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import cv2
import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from small_encoder import tensors
from small_encoder.net import Shape, SmallNet
from small_encoder.tensors import Pixels
from small_encoder.words import FEATURES, Features, segments

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


def embed(net: SmallNet, items: Sequence[Shown]) -> Tensor:
    """[b, d] rows of unit length: an item of one picture or one piece is that element's vector; of more, the pool's.

    Each distinct picture and piece goes through its tower once: a note and the same note without a part cost one note.

    Args:
        net: its batch norms in use, not in training, or an item's vector depends on the others.
        items: none of them empty.
    """
    pictures: dict[bytes, int] = {}
    texts: dict[bytes, int] = {}
    pixels: list[Pixels] = []
    words: list[Features] = []
    elements: list[list[tuple[int, int]]] = []
    for item in items:
        told = [(_place(texts, words, piece), tensors.TEXT) for piece in _pieces(item)]
        elements.append(told + [(_place(pictures, pixels, picture), tensors.PICTURE) for picture in item.pictures])
    seen = tensors.pictures(net, pixels) if pixels else None
    read = tensors.texts(net, words) if words else None
    vectors = [[(_row(seen if kind == tensors.PICTURE else read, n), kind) for n, kind in item] for item in elements]
    several = [n for n, e in enumerate(vectors) if len(e) > 1]
    pooled = iter(tensors.notes(net, [vectors[n] for n in several])) if several else iter(())
    return torch.stack([e[0][0] if len(e) == 1 else next(pooled) for e in vectors])


def _place(known: dict[bytes, int], kept: list[npt.NDArray[Number]], one: npt.NDArray[Number]) -> int:
    place = known.setdefault(one.tobytes(), len(kept))
    if place == len(kept):
        kept.append(one)
    return place


def _row(vectors: Tensor | None, n: int) -> Tensor:
    if vectors is None:
        raise AssertionError("an element without its tower")
    return vectors[n]


def _pieces(item: Shown) -> list[Features]:
    return np.split(item.words, np.cumsum(item.pieces))[:-1]


def _square(pixels: Pixels, side: int) -> Pixels:
    shrinks = min(pixels.shape[:2]) > side
    return np.asarray(cv2.resize(pixels, (side, side), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR), np.uint8)
