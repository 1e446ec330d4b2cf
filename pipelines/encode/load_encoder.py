"""Loads the preparer and the encoder of a preset. The backend is a module of pipelines/encode/backends, imported by its name.

A backend has two functions: `load_preparer(spec) -> Preparer` and `load_encoder(spec, device) -> Encoder`
(docs/how-to/add-an-encoder.md).
"""

import pkgutil
from importlib import import_module
from types import ModuleType

from pipelines.encode import backends
from pipelines.encode.preset import EncoderSpec
from pipelines.encode.protocol import Encoder, Preparer
from pipelines.models.device import refuse_device
from pipelines.workspace.code_fingerprint import code_fingerprint
from schemas.errors import SettingsError

ALIASES = {"dual": "two_tower", "text": "text_only"}
"""Backends that presets call by another name than their module's."""


def load_preparer(spec: EncoderSpec) -> Preparer:
    """Load the tokenizer and picture settings, without the weights.

    Raises:
        SettingsError: a package or a file is missing; says which, where it was searched and how to get it.
    """
    try:
        preparer: Preparer = _backend(spec).load_preparer(spec)
        return preparer
    except ImportError as error:
        raise _missing_package(spec, error) from None


def load_encoder(spec: EncoderSpec, device: str = "cpu") -> Encoder:
    """Load the model on `device` ("cpu", "cuda", "cuda:1").

    Raises:
        SettingsError: a package, the weights or the device is missing.
    """
    if device != "cpu":
        refuse_device(device, "device")
    try:
        encoder: Encoder = _backend(spec).load_encoder(spec, device)
        return encoder
    except ImportError as error:
        raise _missing_package(spec, error) from None


def backend_module(spec: EncoderSpec) -> str:
    """Dotted name of the backend's module.

    Raises:
        SettingsError: no such backend.
    """
    modules = {module.name for module in pkgutil.iter_modules(backends.__path__)}
    name = ALIASES.get(spec.backend, spec.backend)
    if name not in modules:
        names = sorted((modules - set(ALIASES.values())) | set(ALIASES))
        raise SettingsError(
            f"encoder.backend '{spec.backend}': no such module in pipelines/encode/backends; expected one of {names}"
        )
    return f"{backends.__name__}.{name}"


def backend_code(spec: EncoderSpec) -> str:
    """Fingerprint of the backend's code: imports by name are not among those of the step that calls it."""
    return code_fingerprint(backend_module(spec))


def _backend(spec: EncoderSpec) -> ModuleType:
    return import_module(backend_module(spec))


def _missing_package(spec: EncoderSpec, error: ImportError) -> SettingsError:
    return SettingsError(
        f"encoder backend '{spec.backend}' needs a package that is not installed: {error}; "
        "install all with `pip install -r requirements/models.txt`"
    )
