"""Loads processors and models through transformers, with errors that a user can act on."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from transformers.utils import logging as transformers_logging

from pipelines.models.weights_folder import ModelSource, Section
from schemas.errors import SettingsError

UNUSED = "pooler."
"""Weights of this name may be missing: a head on the first token that we do not use."""


def load_processor(
    kind: Any,  # noqa: ANN401  # transformers' auto classes
    folder: Path,
    spec: ModelSource,
    section: Section = "encoder",
    trust_remote_code: bool = False,
) -> Any:  # noqa: ANN401
    """Call `kind.from_pretrained` on a folder; runs no code from it unless it is trusted.

    Raises:
        SettingsError: transformers could not load the folder.
    """
    with _silent(), _settings_errors(kind, folder, spec, section):
        return kind.from_pretrained(folder, local_files_only=True, trust_remote_code=trust_remote_code)


def load_weights(
    kind: Any,  # noqa: ANN401
    folder: Path,
    spec: ModelSource,
    dtype: torch.dtype,
    section: Section = "encoder",
    **options: Any,  # noqa: ANN401
) -> tuple[Any, dict[str, Tensor]]:
    """Load a model on the CPU, in evaluation mode, and the weights of its fingerprint.

    Args:
        kind: an auto class.
        folder: with its files.
        spec: for the error.
        dtype: of the weights.
        section: of the settings, for the error.
        options: for `from_pretrained`; code of the folder is run only if they allow it.

    Raises:
        SettingsError: as `load_processor`, or weights are missing, which transformers would initialise randomly.
    """
    options = {"trust_remote_code": False} | options
    with _silent(), _settings_errors(kind, folder, spec, section):
        model, report = kind.from_pretrained(folder, local_files_only=True, dtype=dtype, output_loading_info=True, **options)
    missing = set(report["missing_keys"])
    faults = sorted(k for k in missing if UNUSED not in k)
    if faults:
        lacks = f"{folder} lacks {len(faults)} weights of {type(model).__name__}: {faults[:4]}"
        raise SettingsError(
            f"{section} {spec.model or spec.path}: {lacks}; "
            f"expected a checkpoint of that class (another revision may have other names: {section}.revision)"
        )
    return model.eval(), {k: v for k, v in model.state_dict().items() if k not in missing}


def dtype_on(device: str, gpu_dtype: str) -> torch.dtype:
    """float32 on a CPU; the preset's on a GPU."""
    return torch.float32 if device == "cpu" else getattr(torch, gpu_dtype)


@contextmanager
def _settings_errors(kind: Any, folder: Path, spec: ModelSource, section: Section) -> Iterator[None]:  # noqa: ANN401
    try:
        yield
    except (OSError, ValueError, KeyError, ImportError, RuntimeError) as error:
        raise SettingsError(
            f"{section} {spec.model or spec.path}: {getattr(kind, '__name__', kind)} could not load {folder}: "
            f"{type(error).__name__}: {str(error)[:300]}"
        ) from None


@contextmanager
def _silent() -> Iterator[None]:
    """Without progress bars and tables of keys; missing keys are checked by `load_weights`."""
    before = transformers_logging.get_verbosity()
    transformers_logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        yield
    finally:
        transformers_logging.set_verbosity(before)
        transformers_logging.enable_progress_bar()  # type: ignore[no-untyped-call]
