"""NV-Embed: a Mistral with bidirectional attention, and cross-attention to learned latents before mean pooling.

Its repository ships its own code; this is the same network from the paper and the published
configuration, with the checkpoint's names, so that no foreign code runs. Source: Lee et al.
2024 (arXiv:2405.17428), section 3.1.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from safetensors.torch import load_file
from torch import Tensor, nn
from transformers import MistralConfig, MistralModel

from pipelines.encode.backends.text_only import TextPreparer
from pipelines.encode.pooling import pool, unit
from pipelines.encode.preset import EncoderSpec, dimensions_of, vector_settings
from pipelines.encode.protocol import Prepared, Vectors
from pipelines.models.padding import mask_of, padded
from pipelines.models.transformers_loading import dtype_on
from pipelines.models.weights_fingerprint import weights_fingerprint
from pipelines.models.weights_folder import folder_of
from schemas.errors import SettingsError

LATENTS = {"num_latents_value": 512, "num_cross_heads": 8, "cross_dim_head": 4096, "latent_dim": 4096, "hidden_dim": 4096}
"""The published defaults; config.json names only what differs."""


class CrossAttention(nn.Module):
    """Cross-attention of the states to the latents: [b, t, d], [n, d] -> [b, t, d]."""

    def __init__(self, width: int, latent_width: int, heads: int, head_width: int) -> None:
        """The layers."""
        super().__init__()
        self.heads = heads
        self.to_q = nn.Linear(width, heads * head_width, bias=False)
        self.to_kv = nn.Linear(latent_width, 2 * heads * head_width, bias=False)
        self.to_out = nn.Linear(heads * head_width, width, bias=False)

    def forward(self, states: Tensor, latents: Tensor) -> Tensor:
        """Softmax over the latents: states do not attend to each other, so padding needs no mask."""
        keys, values = self.to_kv(latents).chunk(2, dim=-1)
        q = self.to_q(states).unflatten(-1, (self.heads, -1)).transpose(1, 2)
        k, v = (x.unflatten(-1, (self.heads, -1)).transpose(0, 1).expand(len(states), -1, -1, -1) for x in (keys, values))
        return self.to_out(F.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2))


class GeGlu(nn.Module):
    """The first half of the channels, times GELU of the second."""

    def forward(self, x: Tensor) -> Tensor:
        """[..., 2 d] -> [..., d]."""
        values, gate = x.chunk(2, dim=-1)
        return values * F.gelu(gate)


class PreNormAttention(nn.Module):
    """Cross-attention with layer norms on states and latents."""

    def __init__(self, width: int, latent_width: int, heads: int, head_width: int) -> None:
        """The layers."""
        super().__init__()
        self.fn = CrossAttention(width, latent_width, heads, head_width)
        self.norm, self.norm_context = nn.LayerNorm(width), nn.LayerNorm(latent_width)

    def forward(self, states: Tensor, latents: Tensor) -> Tensor:
        """[b, t, d], [n, d] -> [b, t, d]."""
        return self.fn(self.norm(states), self.norm_context(latents))


class PreNormFeedForward(nn.Module):
    """Feed-forward layer with a gate and a layer norm."""

    def __init__(self, width: int) -> None:
        """The layers."""
        super().__init__()
        layers = nn.Sequential(nn.Linear(width, 8 * width), GeGlu(), nn.Linear(4 * width, width))
        self.fn = nn.ModuleDict({"net": layers})
        self.norm = nn.LayerNorm(width)

    def forward(self, states: Tensor) -> Tensor:
        """[b, t, d] -> [b, t, d]."""
        return self.fn["net"](self.norm(states))


class LatentAttention(nn.Module):
    """Attention of token states to the latents, and a feed-forward layer; attributes named as in the checkpoint."""

    def __init__(self, config: dict[str, int]) -> None:
        """The layers."""
        super().__init__()
        width, latent_width = config["hidden_dim"], config["latent_dim"]
        attention = PreNormAttention(width, latent_width, config["num_cross_heads"], config["cross_dim_head"])
        self.cross_attend_blocks = nn.ModuleList([attention, PreNormFeedForward(width)])
        self.latents = nn.Parameter(torch.zeros(config["num_latents_value"], latent_width))

    def forward(self, states: Tensor) -> Tensor:
        """[b, t, d] -> [b, t, d]."""
        attention, feed_forward = self.cross_attend_blocks
        states = states + attention(states, self.latents)
        return states + feed_forward(states)


class NvEmbedNet(nn.Module):
    """Tokens and mask -> states; attributes named as in the checkpoint."""

    def __init__(self, config: dict[str, Any]) -> None:
        """The layers."""
        super().__init__()
        self.embedding_model = MistralModel(MistralConfig(**config["text_config"]))
        self.latent_attention_model = LatentAttention(
            {k: config["latent_attention_config"].get(k, v) for k, v in LATENTS.items()}
        )

    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        """[b, t], [b, t] -> [b, t, d]. A mask of four axes is used unchanged: every token attends to every other."""
        bidirectional = mask.bool()[:, None, None, :].expand(-1, 1, ids.shape[1], -1)
        states = self.embedding_model(input_ids=ids, attention_mask=bidirectional, use_cache=False).last_hidden_state
        return self.latent_attention_model(states)


class NvEmbedEncoder:
    """The network on a device; texts are prepared by `TextPreparer`."""

    def __init__(self, spec: EncoderSpec, device: str) -> None:
        """Load the weights.

        Raises:
            SettingsError: the folder has no such model.
        """
        folder = folder_of(spec, weights=True)
        net = _loaded(folder).to(dtype_on(device, spec.gpu_dtype))
        self.fingerprint = weights_fingerprint(net.state_dict(), vector_settings(spec), folder)
        self.net = net.eval().to(device)
        self.spec, self.device = spec, device
        self.dimensions = dimensions_of(spec, net.embedding_model.config.hidden_size)

    @torch.inference_mode()
    def encode(self, batch: Sequence[Prepared]) -> Vectors:
        """Encode a batch (`Encoder.encode`)."""
        rows = [b.arrays["input_ids"] for b in batch]
        mask = mask_of(rows, "right").to(self.device)
        states = self.net(padded(rows, 0, "right").to(self.device), mask)
        return unit(pool(states, mask, "mean"), self.dimensions)


def load_preparer(spec: EncoderSpec) -> TextPreparer:
    """The preparer of a preset (`load_encoder.load_preparer`)."""
    return TextPreparer(spec)


def load_encoder(spec: EncoderSpec, device: str) -> NvEmbedEncoder:
    """The model of a preset on a device (`load_encoder.load_encoder`)."""
    return NvEmbedEncoder(spec, device)


def _loaded(folder: Path) -> NvEmbedNet:
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf8"))
        net = NvEmbedNet(config)
        weights = {k: v for file in sorted(folder.glob("*.safetensors")) for k, v in load_file(file).items()}
        net.load_state_dict(weights)
    except (OSError, KeyError, TypeError, ValueError, RuntimeError) as error:
        raise SettingsError(
            f"encoder.path {folder}: not NV-Embed's files: {type(error).__name__}: {str(error)[:300]}"
        ) from None
    return net
