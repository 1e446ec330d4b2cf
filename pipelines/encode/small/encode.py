"""The small encoder behind the protocol: pictures, texts and whole notes."""

from collections.abc import Sequence

import cv2
import numpy as np
import torch
from torch import Tensor

from pipelines.encode.backends.pooling import unit
from pipelines.encode.content import BadContent, Content
from pipelines.encode.encoder import Prepared, Vectors
from pipelines.encode.fingerprint import fingerprint
from pipelines.encode.small import tensors
from pipelines.encode.small.net import Shape, SmallNet
from pipelines.encode.small.words import FEATURES, segments
from pipelines.encode.spec import EncoderSpec, dimensions_of, vector_settings

FORM = 1
"""To be raised when the same weights and settings give other vectors: tokens, the squeeze to a square."""
PICTURE_TOKENS = 144
"""What a picture costs beside a text's tokens: its fields at an eighth of the side (12 x 12) take about as long."""


class SmallPreparer:
    """Squeezes pictures to squares, hashes words."""

    def __init__(self, shape: Shape) -> None:
        """Keep the sizes."""
        self.shape = shape

    def prepare(self, content: Content) -> Prepared:
        """Arrays `pictures` [n, side, side, 3] uint8, `words` [t, 4] int32 of all pieces, `pieces` [p]: tokens of each.

        A picture without a word, a text without a token (emoji, punctuation) are fine when the other is there.

        Raises:
            BadContent: no picture and no token.
        """
        side = self.shape.side
        squares = [_square(p, side) for p in content.images]
        shape = self.shape
        pieces = segments(content.words, shape.buckets, shape.longest, shape.pieces)
        if not squares and not pieces:
            raise BadContent("nothing to encode", f"{content.kind} without a picture or a word: {content.words[:40]!r}")
        stacked = np.stack(squares) if squares else np.empty((0, side, side, 3), np.uint8)
        words = np.concatenate(pieces) if pieces else np.empty((0, FEATURES), np.int32)
        arrays = {"pictures": stacked, "words": words, "pieces": np.array([len(p) for p in pieces], np.int32)}
        return Prepared(arrays, PICTURE_TOKENS * len(squares) + len(words))


class SmallEncoder:
    """The network on a device. An item of one picture or one piece of text is that element's vector; of more, the pool's."""

    def __init__(self, net: SmallNet, spec: EncoderSpec, device: str = "cpu") -> None:
        """Move the network to `device`, for use only.

        Raises:
            SettingsError: the preset wants more dimensions than the network has.
        """
        self.fingerprint = fingerprint(net.state_dict(), {"form": FORM, **vector_settings(spec)})
        self.net = net.eval().to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.dimensions = dimensions_of(spec, net.shape.dimensions)

    @torch.inference_mode()
    def encode(self, batch: Sequence[Prepared]) -> Vectors:
        """As `Encoder.encode`. All pictures of the batch go through their tower at once, all texts through theirs."""
        pixels = [p for item in batch for p in item.arrays["pictures"]]
        words = [p for item in batch for p in np.split(item.arrays["words"], np.cumsum(item.arrays["pieces"]))[:-1]]
        seen = iter(tensors.pictures(self.net, pixels)) if pixels else iter(())
        read = iter(tensors.texts(self.net, words)) if words else iter(())
        elements: list[list[tuple[Tensor, int]]] = []
        for item in batch:
            told = [(next(read), tensors.TEXT) for _ in item.arrays["pieces"]]
            elements.append(told + [(next(seen), tensors.PICTURE) for _ in item.arrays["pictures"]])
        out = torch.stack([e[0][0] for e in elements])
        several = [n for n, e in enumerate(elements) if len(e) > 1]
        if several:
            out[several] = tensors.notes(self.net, [elements[n] for n in several])
        return unit(out, self.dimensions)


def _square(pixels: np.ndarray, side: int) -> np.ndarray:
    shrinks = min(pixels.shape[:2]) > side
    return cv2.resize(pixels, (side, side), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)
