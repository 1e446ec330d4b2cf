"""The small encoder behind the protocol: pictures, texts and whole notes."""

from collections.abc import Sequence

import torch

from pipelines.encode.backends.pooling import unit
from pipelines.encode.item_content import BadContent, Content
from pipelines.encode.preset import EncoderSpec, dimensions_of, vector_settings
from pipelines.encode.protocol import Prepared, Vectors
from pipelines.models.weights_fingerprint import weights_fingerprint
from small_encoder.inputs import NetworkInput, embed, network_input, pack
from small_encoder.network import Shape, SmallNet

FORM = 1
"""To be raised when the same weights and settings give other vectors: tokens, the squeeze to a square."""


class SmallPreparer:
    """Squeezes pictures to squares, hashes words."""

    def __init__(self, shape: Shape) -> None:
        """Keep the sizes."""
        self.shape = shape

    def prepare(self, content: Content) -> Prepared:
        """The arrays of a `NetworkInput` by their names.

        A picture without a word, a text without a token (emoji, punctuation) are fine when the other is there.

        Raises:
            BadContent: no picture and no token.
        """
        item = network_input(content.images, content.words, self.shape)
        if item.empty:
            raise BadContent("nothing to encode", f"{content.kind} without a picture or a word: {content.words[:40]!r}")
        return Prepared({"pictures": item.pictures, "words": item.words, "pieces": item.pieces}, item.length)


class SmallEncoder:
    """The network on a device."""

    def __init__(self, net: SmallNet, spec: EncoderSpec, device: str = "cpu") -> None:
        """Move the network to `device`, for use only.

        Raises:
            SettingsError: the preset wants more dimensions than the network has.
        """
        self.fingerprint = weights_fingerprint(net.state_dict(), {"form": FORM, **vector_settings(spec)})
        self.net = net.eval().to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.dimensions = dimensions_of(spec, net.shape.dimensions)

    @torch.inference_mode()
    def encode(self, batch: Sequence[Prepared]) -> Vectors:
        """As `Encoder.encode`. All pictures of the batch go through their tower at once, all texts through theirs."""
        packed = pack([NetworkInput(**item.arrays) for item in batch]).to(self.net.scale.device)
        return unit(embed(self.net, packed), self.dimensions)
