"""Loading through transformers, with errors that a user can act on."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from transformers.utils import logging as transformers_logging

from pipelines.models.weights_folder import Named, Section
from schemas.errors import SettingsError

UNUSED = "pooler."
"""Weights of this name may be missing: a head on the first token that we do not ask."""


def load_processor(
    kind: Any,  # noqa: ANN401  # transformers' auto classes
    folder: Path,
    spec: Named,
    section: Section = "encoder",
    trust_remote_code: bool = False,
) -> Any:  # noqa: ANN401
    """`kind.from_pretrained` of a folder, without code from it unless it is trusted.

    Raises:
        SettingsError: what transformers could not do with the folder.
    """
    with _silent(), _told(kind, folder, spec, section):
        return kind.from_pretrained(folder, local_files_only=True, trust_remote_code=trust_remote_code)


def load_weights(
    kind: Any,  # noqa: ANN401
    folder: Path,
    spec: Named,
    dtype: torch.dtype,
    section: Section = "encoder",
    **options: Any,  # noqa: ANN401
) -> tuple[Any, dict[str, Tensor]]:
    """The model on the processor, for use, and the weights that count for its fingerprint.

    Args:
        kind: an auto class.
        folder: where its files are.
        spec: named in errors.
        dtype: of the weights.
        section: of the settings, for the error.
        options: for `from_pretrained`; code of the folder is not run unless they say so.

    Raises:
        SettingsError: as `load_processor`, or weights are missing, which transformers would fill in by chance.
    """
    options = {"trust_remote_code": False} | options
    with _silent(), _told(kind, folder, spec, section):
        model, report = kind.from_pretrained(folder, local_files_only=True, dtype=dtype, output_loading_info=True, **options)
    absent = set(report["missing_keys"])
    faults = sorted(k for k in absent if UNUSED not in k)
    if faults:
        lacks = f"{folder} lacks {len(faults)} weights of {type(model).__name__}: {faults[:4]}"
        raise SettingsError(
            f"{section} {spec.model or spec.path}: {lacks}; "
            f"wanted a checkpoint of that class (another revision may have other names: {section}.revision)"
        )
    return model.eval(), {k: v for k, v in model.state_dict().items() if k not in absent}


def dtype_on(device: str, gpu_dtype: str) -> torch.dtype:
    """float32 on a processor; the preset's on a GPU."""
    return torch.float32 if device == "cpu" else getattr(torch, gpu_dtype)


@contextmanager
def _told(kind: Any, folder: Path, spec: Named, section: Section) -> Iterator[None]:  # noqa: ANN401
    try:
        yield
    except (OSError, ValueError, KeyError, ImportError, RuntimeError) as error:
        raise SettingsError(
            f"{section} {spec.model or spec.path}: {getattr(kind, '__name__', kind)} could not load {folder}: "
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
