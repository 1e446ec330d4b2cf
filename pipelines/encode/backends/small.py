"""The project's own small encoder (package small_encoder): pictures, texts and whole notes."""

from collections.abc import Sequence
from pathlib import Path

import torch

from pipelines.encode.item_content import BadContent, Content
from pipelines.encode.pooling import unit
from pipelines.encode.preset import EncoderSpec, dimensions_of, vector_settings
from pipelines.encode.protocol import Prepared, Vectors
from pipelines.models.weights_fingerprint import weights_fingerprint
from small_encoder.inputs import NetworkInput, embed, network_input, pack
from small_encoder.network import Shape, SmallNet
from small_encoder.weights import SHIPPED, load, read_shape

FORM = 1
"""Raise it when the same weights and settings give other vectors: tokens, the resizing to a square."""


class SmallPreparer:
    """Resizes pictures to squares, hashes words."""

    def __init__(self, shape: Shape) -> None:
        """Keep the sizes of the network."""
        self.shape = shape

    def prepare(self, content: Content) -> Prepared:
        """The arrays of an item by their names.

        A picture without text, or a text without a token (emoji, punctuation), is valid if the item has the other.

        Raises:
            BadContent: no picture and no token.
        """
        item = network_input(content.images, content.words, self.shape)
        if item.empty:
            raise BadContent("nothing to encode", f"{content.kind} without a picture or a text: {content.words[:40]!r}")
        return Prepared({"pictures": item.pictures, "words": item.words, "pieces": item.pieces}, item.length)


class SmallEncoder:
    """The network on a device."""

    def __init__(self, net: SmallNet, spec: EncoderSpec, device: str = "cpu") -> None:
        """Move the network to `device`, for inference.

        Raises:
            SettingsError: the preset has more dimensions than the network has.
        """
        self.fingerprint = weights_fingerprint(net.state_dict(), {"form": FORM, **vector_settings(spec)})
        self.net = net.eval().to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.dimensions = dimensions_of(spec, net.shape.dimensions)

    @torch.inference_mode()
    def encode(self, batch: Sequence[Prepared]) -> Vectors:
        """Encode a batch (`Encoder.encode`): all its pictures at once, then all its texts."""
        packed = pack([NetworkInput(**item.arrays) for item in batch]).to(self.net.scale.device)
        return unit(embed(self.net, packed), self.dimensions)


def load_preparer(spec: EncoderSpec) -> SmallPreparer:
    """The preparer of a preset (`load_encoder.load_preparer`)."""
    return SmallPreparer(read_shape(_weights(spec)))


def load_encoder(spec: EncoderSpec, device: str) -> SmallEncoder:
    """The model of a preset on a device (`load_encoder.load_encoder`)."""
    return SmallEncoder(load(_weights(spec)), spec, device)


def _weights(spec: EncoderSpec) -> Path:
    return Path(spec.path) if spec.path else SHIPPED
