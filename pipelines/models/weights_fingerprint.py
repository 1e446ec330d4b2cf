"""Fingerprints of a model by its content: hashes of its weights and files, never of its name or place."""

import hashlib
import json
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # a file's hash needs no torch
    from torch import Tensor

PREPARER_FILES = (".json", ".txt", ".model", ".jinja", ".tiktoken")
"""Suffixes of the small files beside the weights: tokenizers, picture settings, chat templates."""
MODEL_FILES = (".safetensors", *PREPARER_FILES)
"""Suffixes of all files of a model's folder that change its output."""
MAX_PREPARER_BYTES = 64 * 2**20
"""A larger file is no tokenizer."""


def weights_fingerprint(weights: "Mapping[str, Tensor]", settings: Mapping[str, Any], folder: Path | None = None) -> str:
    """Hash a loaded model: its weights, the settings that change its output, and its tokenizer's files.

    Args:
        weights: a state dict; how its files are split does not count.
        settings: plain values.
        folder: of the tokenizer's files; config.json is left out, because it names the model and the library's version, and
            the shapes in it are in the weights too.

    Returns:
        64 hex digits. Cost: one pass over the weights, 1 to 2 GB/s.
    """
    import torch

    digest = hashlib.sha256(json.dumps(settings, sort_keys=True, ensure_ascii=False).encode())
    for name in sorted(weights):
        tensor = weights[name].detach().cpu().contiguous()
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}\n".encode())
        digest.update(tensor.reshape(-1).view(torch.uint8).numpy().data)
    for path in sorted(folder.iterdir()) if folder else []:
        if path.suffix in PREPARER_FILES and path.name != "config.json" and path.stat().st_size <= MAX_PREPARER_BYTES:
            digest.update(f"{path.name}\n".encode() + path.read_bytes())
    return digest.hexdigest()


def files_fingerprint(folder: Path) -> str:
    """Hash the files of a model's folder (MODEL_FILES) by name and content; the model is not loaded.

    Returns:
        64 hex digits. Cost: one pass over the files, 1 to 2 GB/s; once a process while their sizes and times stay.
    """
    files = sorted(f for f in folder.iterdir() if f.suffix in MODEL_FILES and f.is_file())
    return _files_digest(folder, tuple((f.name, f.stat().st_mtime_ns, f.stat().st_size) for f in files))


@lru_cache(maxsize=8)
def _files_digest(folder: Path, state: tuple[tuple[str, int, int], ...]) -> str:
    digest = hashlib.sha256()
    for name, _, _ in state:
        with (folder / name).open("rb") as opened:
            digest.update(name.encode() + hashlib.file_digest(opened, "sha256").digest())
    return digest.hexdigest()
