"""A preset's preparer and encoder. Only the backend that is asked for is imported."""

from pathlib import Path

from pipelines.encode.preset import EncoderSpec
from pipelines.encode.protocol import Encoder, Preparer
from pipelines.models.device import refuse_device
from schemas.errors import SettingsError

NEEDS = {
    "small": "torch, safetensors",
    "open_clip": "torch, open_clip_torch",
    "dual": "torch, transformers",
    "vlm": "torch, torchvision, transformers",
    "text": "torch, transformers",
    "nv_embed": "torch, transformers, safetensors",
    "timm": "torch, timm",
}
"""What a backend imports; all of it is in requirements/models.txt."""


def load_preparer(spec: EncoderSpec) -> Preparer:
    """What makes arrays of contents: tokenizer and picture settings, no weights.

    Raises:
        SettingsError: a package or a file is missing; says which, where it was looked for and how to get it.
    """
    try:
        return _preparer(spec)
    except ImportError as error:
        raise _missing(spec, error) from None


def load_encoder(spec: EncoderSpec, device: str = "cpu") -> Encoder:
    """The model on `device` ("cpu", "cuda", "cuda:1").

    Raises:
        SettingsError: a package, the weights or the device is missing.
    """
    if device != "cpu":
        refuse_device(device, "device")
    try:
        return _encoder(spec, device)
    except ImportError as error:
        raise _missing(spec, error) from None


def _preparer(spec: EncoderSpec) -> Preparer:
    match spec.backend:
        case "small":
            from pipelines.encode.small.backend import SmallPreparer
            from small_encoder.weights import SHIPPED, read_shape

            return SmallPreparer(read_shape(Path(spec.path) if spec.path else SHIPPED))
        case "open_clip":
            from pipelines.encode.backends.open_clip import ClipPreparer

            return ClipPreparer(spec)
        case "dual":
            from pipelines.encode.backends.two_tower import DualPreparer

            return DualPreparer(spec)
        case "vlm":
            from pipelines.encode.backends.vlm import VlmPreparer

            return VlmPreparer(spec)
        case "text" | "nv_embed":
            from pipelines.encode.backends.text_only import TextPreparer

            return TextPreparer(spec)
        case "timm":
            from pipelines.encode.backends.timm import TimmPreparer

            return TimmPreparer(spec)


def _encoder(spec: EncoderSpec, device: str) -> Encoder:
    match spec.backend:
        case "small":
            from pipelines.encode.small.backend import SmallEncoder
            from small_encoder.weights import SHIPPED, load

            return SmallEncoder(load(Path(spec.path) if spec.path else SHIPPED), spec, device)
        case "open_clip":
            from pipelines.encode.backends.open_clip import ClipEncoder

            return ClipEncoder(spec, device)
        case "dual":
            from pipelines.encode.backends.two_tower import DualEncoder

            return DualEncoder(spec, device)
        case "vlm":
            from pipelines.encode.backends.vlm import VlmEncoder

            return VlmEncoder(spec, device)
        case "text":
            from pipelines.encode.backends.text_only import TextEncoder

            return TextEncoder(spec, device)
        case "nv_embed":
            from pipelines.encode.backends.nv_embed import NvEmbedEncoder

            return NvEmbedEncoder(spec, device)
        case "timm":
            from pipelines.encode.backends.timm import TimmEncoder

            return TimmEncoder(spec, device)


def _missing(spec: EncoderSpec, error: ImportError) -> SettingsError:
    return SettingsError(
        f"encoder backend '{spec.backend}' needs {NEEDS[spec.backend]}: {error}; "
        "install them with `pip install -r requirements/models.txt`"
    )
