"""Loading through transformers, with errors that a user can act on."""

from pathlib import Path
from typing import Any

import torch
from transformers.utils import logging as transformers_logging

from pipelines.encode.spec import EncoderSpec
from schemas.errors import SettingsError


def load_model(kind: Any, folder: Path, spec: EncoderSpec, **options: Any) -> Any:  # noqa: ANN401  # transformers' auto classes
    """`kind.from_pretrained` of a folder, without code from it and without a bar of progress.

    Raises:
        SettingsError: what transformers could not do with the folder.
    """
    transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        return kind.from_pretrained(folder, local_files_only=True, trust_remote_code=False, **options)
    except (OSError, ValueError, KeyError, ImportError, RuntimeError) as error:
        raise SettingsError(
            f"encoder {spec.model or spec.path}: {getattr(kind, '__name__', kind)} could not load {folder}: "
            f"{type(error).__name__}: {str(error)[:300]}"
        ) from None


def torch_dtype(spec: EncoderSpec, device: str) -> torch.dtype:
    """float32 on a processor; the preset's on a GPU."""
    return torch.float32 if device == "cpu" else getattr(torch, spec.gpu_dtype)


def dimensions_of(spec: EncoderSpec, has: int) -> int:
    """How many dimensions the vectors have: the preset's, or all.

    Raises:
        SettingsError: the preset wants more than the model has.
    """
    if spec.dimensions > has:
        raise SettingsError(f"encoder.dimensions {spec.dimensions}: {spec.path or spec.model} has {has}")
    return spec.dimensions or has
