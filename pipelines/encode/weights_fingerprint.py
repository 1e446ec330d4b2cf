"""The name of a model by what it does: a hash of its weights and of the settings that change vectors."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

READ_BY_PREPARERS = (".json", ".txt", ".model", ".jinja", ".tiktoken")
"""Suffixes of the small files beside the weights: tokenizers, picture settings, chat templates."""
LARGEST = 64 * 2**20
"""Bytes; a larger file is no tokenizer."""


def fingerprint(weights: Mapping[str, Tensor], settings: Mapping[str, Any], folder: Path | None = None) -> str:
    """64 hex digits.

    Args:
        weights: a state dict; how its files are split does not count.
        settings: plain values.
        folder: where the tokenizer's files lie; config.json is left out, for it names the model and the library's version,
            and what it says of the weights' shapes the weights say too.

    Cost: one pass over the weights, 1 to 2 GB/s.
    """
    digest = hashlib.sha256(json.dumps(settings, sort_keys=True, ensure_ascii=False).encode())
    for name in sorted(weights):
        tensor = weights[name].detach().cpu().contiguous()
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}\n".encode())
        digest.update(tensor.reshape(-1).view(torch.uint8).numpy().data)
    for path in sorted(folder.iterdir()) if folder else []:
        if path.suffix in READ_BY_PREPARERS and path.name != "config.json" and path.stat().st_size <= LARGEST:
            digest.update(f"{path.name}\n".encode() + path.read_bytes())
    return digest.hexdigest()
