"""Loading through transformers, with errors that a user can act on."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from transformers.utils import logging as transformers_logging

from pipelines.encode.spec import EncoderSpec
from schemas.errors import SettingsError

UNUSED = "pooler."
"""Weights of this name may be missing: a head on the first token that we do not ask."""


def load_processor(kind: Any, folder: Path, spec: EncoderSpec) -> Any:  # noqa: ANN401  # transformers' auto classes
    """`kind.from_pretrained` of a folder, without code from it.

    Raises:
        SettingsError: what transformers could not do with the folder.
    """
    with _silent(), _told(kind, folder, spec):
        return kind.from_pretrained(folder, local_files_only=True, trust_remote_code=False)


def load_weights(kind: Any, folder: Path, spec: EncoderSpec, device: str) -> tuple[Any, dict[str, Tensor]]:  # noqa: ANN401
    """The model on the processor, for use, and the weights that count for its fingerprint.

    Raises:
        SettingsError: as `load_processor`, or weights are missing, which transformers would fill in by chance.
    """
    dtype = torch_dtype(spec, device)
    with _silent(), _told(kind, folder, spec):
        model, report = kind.from_pretrained(
            folder, local_files_only=True, trust_remote_code=False, dtype=dtype, output_loading_info=True
        )
    absent = set(report["missing_keys"])
    faults = sorted(k for k in absent if UNUSED not in k)
    if faults:
        raise SettingsError(
            f"encoder {spec.model or spec.path}: {folder} lacks {len(faults)} weights of {type(model).__name__}: {faults[:4]}; "
            "wanted a checkpoint of that class (another revision may have other names: encoder.revision)"
        )
    return model.eval(), {k: v for k, v in model.state_dict().items() if k not in absent}


def torch_dtype(spec: EncoderSpec, device: str) -> torch.dtype:
    """float32 on a processor; the preset's on a GPU."""
    return torch.float32 if device == "cpu" else getattr(torch, spec.gpu_dtype)


@contextmanager
def _told(kind: Any, folder: Path, spec: EncoderSpec) -> Iterator[None]:  # noqa: ANN401
    try:
        yield
    except (OSError, ValueError, KeyError, ImportError, RuntimeError) as error:
        raise SettingsError(
            f"encoder {spec.model or spec.path}: {getattr(kind, '__name__', kind)} could not load {folder}: "
            f"{type(error).__name__}: {str(error)[:300]}"
        ) from None


@contextmanager
def _silent() -> Iterator[None]:
    """No bar of progress and no table of keys; what is missing we look at ourselves."""
    before = transformers_logging.get_verbosity()
    transformers_logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        yield
    finally:
        transformers_logging.set_verbosity(before)
        transformers_logging.enable_progress_bar()  # type: ignore[no-untyped-call]
